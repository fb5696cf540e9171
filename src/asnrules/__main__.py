"""Run the command line with `python -m asnrules`."""

from asnrules.cli import main

if __name__ == "__main__":
    main()
