"""Pools made from the headers of FITS files."""
