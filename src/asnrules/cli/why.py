"""`asnrules why`: why an exposure is in its associations, and why in no others."""

from __future__ import annotations

from typing import Annotated

import typer

from asnrules.cli.options import AsOf, OutputFormat, RulesLabel, argument, catalog, parse_day
from asnrules.cli.output import Format, print_lines, print_records
from asnrules.errors import UsageError


def why(
    context: typer.Context,
    pool: Annotated[str, argument("POOL", "The pool; - is stdin.")],
    exposure: Annotated[str, argument("EXPOSURE", "Any file of it, or how its name begins.")],
    other: Annotated[
        str | None, argument("OTHER", "Why is this one no companion of EXPOSURE?")
    ] = None,
    ruleset: RulesLabel = None,
    as_of: AsOf = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Explain one exposure: each association it is in, and each rule that does not take it.

    Of another exposure it says why that is no background, nod, imprint or direct image of the
    first: the association that comes nearest to taking it, and the keywords that keep it out.

    Examples
    --------
    asnrules why jw01234_pool.csv jw01234001001_02101_00001_nrca1_uncal.fits
    asnrules why - jw01234001001_02101_00001_nrca1 < jw01234_pool.csv
    asnrules why jw01234_pool.csv jw01234001001_02101_00001_nrs1 jw01234002001_02101_00001_nrs1

    Exit Codes
    ----------
    2: several exposures have names that begin so, and none has that name
    3: there is no such exposure in the pool, or no such ruleset

    See Also
    --------
    classify, generate, audit exposure
    """
    from asnrules.cli import why_text
    from asnrules.workflows.explain import explain_exposure, explain_other

    day = parse_day(as_of, ruleset)
    if output is Format.CSV:
        raise UsageError("why: an explanation is not a table; use --format json")
    engine = catalog(context, day=day)
    if other is None:
        found = explain_exposure(engine, pool, exposure, ruleset=ruleset, as_of=day)
        document, lines = found.document, why_text.of_exposure(found)
    else:
        pair = explain_other(engine, pool, exposure, other, ruleset=ruleset, as_of=day)
        document, lines = pair.document, why_text.of_pair(pair)
    print_records([document()], (), output, document=document, people=lambda: print_lines(lines))
