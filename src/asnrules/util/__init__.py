"""What any part of the package may use: text, files, days, processes."""
