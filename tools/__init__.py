"""What prepares, checks and documents the program. Nothing in `src/` imports it."""
