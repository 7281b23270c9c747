"""Private parts of profiles."""
