"""The rules catalog for JWST Stage 2 associations."""
