"""Foresee what a draft would change of what is on record."""
