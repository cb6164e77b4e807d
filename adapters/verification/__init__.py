"""Whether a store is whole and unaltered: each file checks one thing, and says what is wrong."""
