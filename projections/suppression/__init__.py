"""What stands behind `projections.disclosure`: tables as cells and relations, attack, choice."""
