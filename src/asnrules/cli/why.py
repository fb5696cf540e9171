"""`asnrules why`: why an exposure is in its associations, and why in no others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asnrules.cli.options import AsOf, OutputFormat, RulesLabel, argument, catalog, parse_day
from asnrules.cli.output import Format, print_lines, print_records
from asnrules.errors import UsageError

if TYPE_CHECKING:
    from asnrules.workflows.explain import Explanation


def why(
    context: typer.Context,
    pool: Annotated[str, argument("POOL", "The pool; - is stdin.")],
    exposure: Annotated[str, argument("EXPOSURE", "Any file of it, or how its name begins.")],
    ruleset: RulesLabel = None,
    as_of: AsOf = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Explain one exposure: each association it is in, and each rule that does not take it.

    Examples
    --------
    asnrules why jw01234_pool.csv jw01234001001_02101_00001_nrca1_uncal.fits
    asnrules why - jw01234001001_02101_00001_nrca1_uncal.fits < jw01234_pool.csv

    Exit Codes
    ----------
    2: several exposures have names that begin so, and none has that name
    3: there is no such exposure in the pool, or no such ruleset

    See Also
    --------
    classify, generate, audit exposure
    """
    from asnrules.workflows.explain import explain_exposure

    day = parse_day(as_of, ruleset)
    if output is Format.CSV:
        raise UsageError("why: an explanation is not a table; use --format json")
    engine = catalog(context, day=day)
    found = explain_exposure(engine, pool, exposure, ruleset=ruleset, as_of=day)
    document = found.document
    print_records(
        [document()], (), output, document=document, people=lambda: print_lines(_lines(found))
    )


def _lines(explanation: Explanation) -> Iterable[str]:
    """Say it in plain words, a line at a time."""
    found = explanation.classification
    known_class = found.member_type or "unknown"
    yield f"{explanation.filename}: {found.exp_type or 'no EXP_TYPE'}, class {known_class}"
    published = found.published
    if published is None:
        yield "  the table has no row for it"
    else:
        made = published.asn_type or "no association"
        yield f"  the table ({published.ruleset}) says {published.member_type}, {made}"
    for (first, *lines), documents in groupby(explanation.document()["associations"], _joined):
        names = [document["asn_name"] for document in documents]
        if len(names) == 1:
            yield from ("", f"{names[0]}: {first}")
        else:
            yield from ("", f"In {len(names)} associations: {first}", f"  {', '.join(names)}")
        yield from lines
    if explanation.reason is not None:
        yield from ("", f"It is in no association: {explanation.reason}")
    yield from _dropped_lines(explanation)
    if explanation.lacking:
        yield from ("", "The nearest companions that it is not with:")
    for lacking in explanation.lacking:
        yield f"  {lacking.text()}"
    yield from _miss_lines(explanation)


def _joined(document: Mapping[str, Any]) -> list[str]:
    """Say how an exposure came into an association, but for the name of that."""
    exptype = document["exptype"]
    article = "an" if exptype[0] in "aeiou" else "a"
    lines = [
        f"it is {article} {exptype} here ({document['asn_type']})",
        f"  {document['asn_rule']} took it as {document['role']}, "
        f"for candidate {document['candidate']} ({document['candidate_type']})",
    ]
    asked = [text for text in document["asked"] if not text.startswith("not ")]
    lines.append(f"  asked of it: {'; '.join(asked) or 'nothing'}")
    if (document["role"], exptype) == ("science", "background"):
        lines.append(
            "  of the sciences of the pattern each is one in turn, the others its background"
        )
    shared, of_role = (
        ", ".join(
            f"{key['keyword']} {key['value']}"
            for key in document["keys"].values()
            if key["of_role"] is of_its_role
        )
        for of_its_role in (False, True)
    )
    lines.append(f"  in common with the other members: {shared or 'nothing'}")
    if of_role:
        lines.append(f"  what its role has to match: {of_role}")
    return lines


def _dropped_lines(explanation: Explanation) -> Iterable[str]:
    reasons = Counter(
        f"{fate.rule.name} for candidate {fate.candidate[0]}: {fate.reason}"
        for fate in explanation.dropped
    )
    if reasons:
        yield from ("", "Made, or looked at, but not kept:")
    for reason, count in reasons.items():
        yield f"  {reason}" if count == 1 else f"  {reason} ({count} times)"


def _miss_lines(explanation: Explanation) -> Iterable[str]:
    missed = explanation.missed
    near = [miss for miss in missed if not miss.distance.is_other_type]
    far = [miss.rule.name for miss in missed if miss.distance.is_other_type]
    if near:
        yield from ("", "Rules for this instrument that do not take it, the nearest miss first:")
    for miss in near:
        yield f"  {miss.rule.name}: {'; also '.join(one.found() for one in miss.failures)}"
    if far:
        yield from ("", f"Rules for other EXP_TYPEs of this instrument: {', '.join(far)}")
