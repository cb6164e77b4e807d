"""Files as they are handed in: every bad row and file gives one clear line, and costs no other."""
