"""What always holds, for random histories."""
