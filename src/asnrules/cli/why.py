"""`asnrules why`: why an exposure is in its associations, and why in no others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asnrules.cli import completion, messages
from asnrules.cli.options import (
    AsOf,
    MoreCandidates,
    OutputFormat,
    RulesLabel,
    SetKeywords,
    argument,
    catalog,
    declared,
    option,
    parse_day,
)
from asnrules.cli.output import Format, print_lines, print_records
from asnrules.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from asnrules.pools.fits.declared import Declarations


def why(
    context: typer.Context,
    pool: Annotated[
        str,
        argument(
            "POOL", "Pool (- is stdin) or folder of FITS files; alone, an association or its file."
        ),
    ],
    exposure: Annotated[
        str | None, argument("EXPOSURE", "Any file of it, or how its name begins.")
    ] = None,
    other: Annotated[
        str | None, argument("OTHER", "Why is this one no companion of EXPOSURE?")
    ] = None,
    run: Annotated[
        int | None, option("ID", "In place of POOL: what is on record of a run.", completion.runs)
    ] = None,
    ruleset: RulesLabel = None,
    as_of: AsOf = None,
    set_: SetKeywords = None,
    asn_candidate: MoreCandidates = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Explain one exposure: each association it is in, and each rule that does not take it.

    Of another exposure it says why that is no background, nod, imprint or direct image of the
    first: the association that comes nearest to taking it, and the keywords that keep it out. Of an
    association, named as on record or by its file, it says why each member is in it.

    Examples
    --------
    asnrules why jw01234_pool.csv jw01234001001_02101_00001_nrca1_uncal.fits
    asnrules why - jw01234001001_02101_00001_nrca1 < jw01234_pool.csv
    asnrules why exposures jw01234001001_02101_00001_nrca1 --set PNTGTYPE=SCIENCE
    asnrules why --run 1 jw01234001001_02101_00001 jw01234001001_02101_00002
    asnrules why jw01234-o001_image2_00001_asn

    Exit Codes
    ----------
    2: several exposures have names that begin so, and none has that name
    3: there is no such exposure, association, run or ruleset

    See Also
    --------
    classify, generate, audit exposure, audit association
    """
    day = parse_day(as_of, ruleset)
    if output is Format.CSV:
        raise UsageError("why: an explanation is not a table; use --format json")
    words = [word for word in (pool, exposure, other) if word is not None]
    engine = catalog(context, day=day)
    declarations = declared(set_, asn_candidate)
    document, lines = _explained(engine, words, run, ruleset, day, declarations)
    print_records(
        [document], (), output, document=lambda: document, people=lambda: print_lines(lines)
    )


def _explained(
    engine: Engine,
    words: list[str],
    run: int | None,
    ruleset: str | None,
    day: dt.date | None,
    declarations: Declarations,
) -> tuple[dict[str, Any], Iterable[str]]:
    """Explain what the words name, as a document and in lines for people."""
    from asnrules.cli import why_text
    from asnrules.workflows import explain_association as of_associations
    from asnrules.workflows.explain import explain_exposure
    from asnrules.workflows.explain_pair import explain_pair
    from asnrules.workflows.explained import of_pool, of_run

    first, *others = words
    if run is not None or not others:
        declarations.refuse("leave them out")
    if not others and of_associations.is_association(first):
        made = of_associations.explain_recorded(engine, first, run, ruleset, day)
        return made.document(), why_text.of_association(made)
    if run is None and not others:
        raise UsageError(f"why: name an exposure of {first}, or an association; see --help")
    if run is not None and len(others) > 1:
        raise UsageError("why: --run stands in place of POOL; give one of them")
    if run is not None:
        of, named = of_run(engine, run, ruleset, day), words
    else:
        of, named = of_pool(engine, first, ruleset, day, declarations), others
    for note in of.evaluated.notes:
        messages.warn(note)
    if len(named) > 1:
        pair = explain_pair(of, *named)
        return pair.document(), why_text.of_pair(pair)
    if of_associations.is_association(named[0]):
        association = of_associations.named_association(engine, named[0])
        made = of_associations.explain_association(of, association)
        return made.document(), why_text.of_association(made)
    found = explain_exposure(of, named[0])
    return found.document(), why_text.of_exposure(found)
