"""`asnrules pool`: pools of exposures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from asnrules.cli import messages
from asnrules.cli.help import App
from asnrules.cli.options import (
    MoreCandidates,
    OutputFormat,
    SetKeywords,
    argument,
    catalog,
    declared,
    flag,
    option,
)
from asnrules.cli.output import Format, print_records

app = App(
    """Pools of exposures.

Examples
--------
asnrules pool make exposures/*.fits --output -

See Also
--------
generate, classify
"""
)


@app.callback()
def common() -> None:
    """Pools of exposures."""


@app.command()
def make(
    context: typer.Context,
    files: Annotated[
        list[str], argument("FITS...", "FITS files, gzipped or not, or folders of these.")
    ],
    output: Annotated[str, option("POOL", "The pool to write; - is stdout.")],
    asn_candidate: MoreCandidates = None,
    set_: SetKeywords = None,
    skip: Annotated[bool, flag("--skip", "Leave out files that are not JWST exposures.")] = False,
    overwrite: Annotated[bool, flag("--overwrite", "Replace an existing pool.")] = False,
    format_: OutputFormat = Format.TABLE,
) -> None:
    """Make a pool from the primary headers of FITS files.

    Each exposure becomes one row, whatever products of it there are; files from which Stage 2 does
    not start are ignored. Declare by options what headers do not tell, for all files or for those
    whose names fit a pattern. Options may be repeated; the last that fits counts. Spectra that need
    EXPSPCIN get the activity in the file name, unless a visit has several visit groups.

    Examples
    --------
    asnrules pool make exposures/*_uncal.fits --output pool.csv
    asnrules pool make exposures/*.fits --output - --set "*_02101_*:EXPSPCIN=3"
    asnrules pool make exposures/*.fits --output - --set "*002001_*:IS_IMPRT=t"

    See Also
    --------
    generate, classify
    """
    from asnrules.pools.fits.pool import make_pool, write_pool
    from asnrules.util.parallel import processors
    from asnrules.workflows.classify import chosen_rules

    rules = chosen_rules(catalog(context))
    with messages.progress_bar() as progress:
        told = None if progress is None else lambda done: progress("headers", done, len(files))
        made = make_pool(
            files,
            declared(set_, asn_candidate),
            ruleset=rules,
            skip=skip,
            workers=processors(),
            progress=told,
        )
    for line in (*made.skipped, *made.unplaced, *made.notes):
        messages.warn(line)
    if output == "-":
        sys.stdout.writelines(block.decode() for block in made.source.blocks())
        return
    write_pool(made, Path(output), overwrite=overwrite)
    summary = {
        "pool": output,
        "exposures": made.exposures,
        "unplaced": len(made.unplaced),
        "skipped": len(made.skipped),
    }
    print_records([summary], list(summary), format_, document=lambda: summary)
