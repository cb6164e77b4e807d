"""What is right: small tables of events, and the figures that they give."""
