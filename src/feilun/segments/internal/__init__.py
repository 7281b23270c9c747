"""Private parts of the segments room."""
