"""What is true of a participant's journey: events, rules, histories, spells. No clock, no file."""
