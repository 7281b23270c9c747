"""Private parts of identity."""
