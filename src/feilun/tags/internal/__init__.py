"""Private parts of the tags room."""
