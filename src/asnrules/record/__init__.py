"""The record: what was decided, from what, by which rules."""
