"""Published reports: what each of their tables counts, and whether it comes out."""
