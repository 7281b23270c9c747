"""Private to the access room."""
