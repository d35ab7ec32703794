"""Files, folders, tables and shards: whole or not at all, and known by their content."""
