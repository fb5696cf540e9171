"""A ruleset: its typed model, its files, its rows, and what people read of it."""
