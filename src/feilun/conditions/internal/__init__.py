"""Private parts of the conditions room."""
