"""Private parts of the devices room."""
