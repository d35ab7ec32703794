"""The tables that stages hand on to each other: a module a table, with its columns, its words and its path."""
