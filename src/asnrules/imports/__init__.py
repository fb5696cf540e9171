"""Associations that were made elsewhere: matched with what the rules make, judged, recorded."""
