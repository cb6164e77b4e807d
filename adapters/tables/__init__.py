"""Figures handed out: as text for a terminal, JSON, CSV or Markdown."""
