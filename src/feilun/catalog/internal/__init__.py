"""Private parts of the catalog room."""
