"""`asnrules rulesets conform`: compare a ruleset with an installed jwst."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asnrules.cli import completion, messages, selection
from asnrules.cli.options import OutputFormat, argument, catalog, flag, option, selects
from asnrules.cli.output import EXAMPLE, Format, Paragraph, counted, print_paragraphs, print_records

if TYPE_CHECKING:
    from asnrules.workflows.conform import Conformity


@selects
def conform(
    context: typer.Context,
    label: Annotated[str, argument("LABEL", "Label of the rules.", completion.rules)],
    pools: Annotated[list[str] | None, argument("[POOL]...", "Pools to compare as well.")] = None,
    *,
    python: Annotated[str, option("PATH", "The Python of an environment that has jwst.")],
    exp_types: Annotated[
        list[str] | None,
        option(
            "EXP_TYPE", "Probe only this; may be repeated.", completion.exp_types, name="--exp-type"
        ),
    ] = None,
    no_probes: Annotated[bool, flag("--no-probes", "Compare the pools given only.")] = False,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Compare a ruleset with an installed jwst, by what both make of the same pools.

    The pools are probes made from the ruleset: every EXP_TYPE with every flag and every value that
    a condition can tell apart, alone and with companions that fit and that do not. Of each
    difference the smallest pool is shown. asn_generate runs in a process of its own.

    Examples
    --------
    asnrules rulesets conform jwst-3.0.0 --python new-release/bin/python
    asnrules rulesets conform jwst-3.0.0 --exp-type NRS_IFU --python python3

    Exit Codes
    ----------
    1: they differ
    3: there is no such ruleset or EXP_TYPE

    See Also
    --------
    rulesets check, rulesets diff, rulesets import
    """
    from asnrules.workflows.conform import Conformity, conform

    selection.expect(Conformity.COLUMNS)
    with messages.progress_bar() as progress:
        found = conform(
            catalog(context),
            label,
            python,
            pools or (),
            exp_types or (),
            progress,
            probing=not no_probes,
        )
    _print(found, output)
    if found.differences:
        raise typer.Exit(1)


def _print(found: Conformity, output: Format) -> None:
    records = found.records()
    print_records(
        records,
        found.COLUMNS,
        output,
        flat=lambda record: {**record, "pool": " / ".join(map(_exposure, record["pool"]))},
        document=found.document,
        people=lambda: print_paragraphs(map(_difference, records)),
    )
    for reason, count in found.stops.items():
        messages.warn(f"not compared, as asn_generate stops: {counted(count, 'pool')}: {reason}")
    told = counted(len(records), "difference") if records else "they agree"
    messages.say(
        f"{found.ruleset} and jwst {found.release}: {told}; "
        f"{counted(found.exposures, 'exposure')} in {counted(found.pools, 'pool')}, "
        f"{found.seconds:.1f} s"
    )


def _difference(record: Mapping[str, Any]) -> Paragraph:
    names = ", ".join(record[name] for name in ("asn_rule", "exp_type", "what") if record[name])
    rows = [(EXAMPLE, _exposure(row)) for row in record["pool"]]
    return f"{names} ({counted(record['count'], 'time')})", [("", record["difference"]), *rows]


def _exposure(row: Mapping[str, str]) -> str:
    """Write an exposure as keywords with their values."""
    return " ".join(f"{name.upper()}={value}" for name, value in row.items() if value != "null")
