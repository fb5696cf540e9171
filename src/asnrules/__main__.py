"""Run the command line with `python -m asnrules`."""

from asnrules.cli import main

main()
