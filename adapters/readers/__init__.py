"""Files handed in, as rows of named cells: CSV, JSON Lines or Parquet, gzipped or not."""
