"""The outside world: the store, files handed in, tables handed out."""
