"""Benchmarks: `uv run python -m benchmarks --help`."""
