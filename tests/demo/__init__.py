"""The demo: what a stranger sees first."""
