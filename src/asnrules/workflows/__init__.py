"""What commands and the Python interface call, each for one task."""
