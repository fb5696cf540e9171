"""The files that associations need on disk: a line for each, or records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from asnrules.cli.options import flag
from asnrules.cli.output import Format, print_lines, print_records

if TYPE_CHECKING:
    from asnrules.associations.needs import Need

NEEDED = ("asn_name", "kind", "file", "is_made_later")

Needs = Annotated[bool, flag("--needs", "Print only the files that it takes, one a line.")]


def print_needs(needs: Sequence[Need], output: Format) -> None:
    """Print each file once, in lines for people and scripts, or each with its association."""
    files = dict.fromkeys(one.file for one in needs)
    records = (one.document() for one in needs)
    print_records(records, NEEDED, output, people=lambda: print_lines(files))
