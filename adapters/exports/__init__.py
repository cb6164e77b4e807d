"""Out again: the log as events, spells as microdata, and the forms that municipalities send."""
