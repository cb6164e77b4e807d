"""Charts of results: `adapters.charts.draw.chart` is the way in."""
