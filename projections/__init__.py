"""Figures: what is counted, how it is grouped, and the reference engine that defines them."""
