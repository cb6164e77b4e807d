"""What each figure counts in a journey: one file a family, one mark for each thing counted."""
