"""Private parts of the blueprints room."""
