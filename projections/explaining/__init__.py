"""How a figure is taken apart: a cell, the persons in it, and the events that suffice for it."""
