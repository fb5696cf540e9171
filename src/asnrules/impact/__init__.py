"""The impact of a draft on what is on record."""
