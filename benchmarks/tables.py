"""Print measurements."""

from __future__ import annotations

from collections.abc import Sequence

from tabulate import tabulate


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table under its title."""
    table = tabulate(rows, columns, tablefmt="simple", disable_numparse=True, stralign="right")
    print(f"\n{title}\n\n{table}", flush=True)


def number(value: float | None) -> str:
    """Write a number with three digits that count, or a dash for none."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if value > 1 else f"{value:.3f}"
