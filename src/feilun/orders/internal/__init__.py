"""Private parts of the orders room."""
