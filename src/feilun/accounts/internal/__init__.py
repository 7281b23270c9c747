"""Private parts of the accounts room."""
