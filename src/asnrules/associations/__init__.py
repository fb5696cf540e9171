"""Associations: what they consist of, and their files."""
