"""The program: `asnrules`, or `python -m asnrules`."""

from __future__ import annotations

import atexit
import gc


def main() -> None:
    """Run the command line in a process of its own."""
    # Modules are most of what a look-up makes. To look for garbage among them, again and again as
    # they are imported and once more at the end, is a quarter of its time.
    gc.set_threshold(100_000)
    atexit.register(gc.freeze)
    from asnrules.util.process import end_plainly, ignore_signals

    end_plainly()
    from asnrules.cli import main as run

    try:
        run()
    finally:
        ignore_signals()


if __name__ == "__main__":
    main()
