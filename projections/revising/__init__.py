"""How a figure changed: between two knowledge times, positions, cutoff dates or windows."""
