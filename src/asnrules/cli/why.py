"""`asnrules why`: why an exposure is in its associations, and why in no others."""

from __future__ import annotations

from typing import Annotated

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
    from asnrules.workflows.why import why as find

    day = parse_day(as_of, ruleset)
    words = [word for word in (pool, exposure, other) if word is not None]
    engine = catalog(context, day=day)
    declarations = declared(set_, asn_candidate)
    found = find(engine, words, run, ruleset, day, declarations, messages.warn)
    print_records(
        found.records() if output is Format.CSV else [found.document()],
        found.COLUMNS,
        output,
        document=found.document,
        people=lambda: print_lines(found.lines()),
    )
