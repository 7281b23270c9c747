"""Private to ingestion."""
