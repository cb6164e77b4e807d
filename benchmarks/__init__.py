"""Claims of speed, as ratios measured in one run; see RESULTS.md for the latest."""
