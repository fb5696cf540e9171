"""`asnrules audit exposure` and `association`: in every run that has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asnrules.cli import messages
from asnrules.cli.audit.runs import audit, end_with
from asnrules.cli.needs import Needs, print_needs
from asnrules.cli.options import OutputFormat, argument, flag, option, selects
from asnrules.cli.output import Format, cell, counted, print_lines, print_records

if TYPE_CHECKING:
    from asnrules.database.stored import Finding
    from asnrules.record.queries.associations import AssociationReport
    from asnrules.record.queries.exposures import RecordedDecision
    from asnrules.record.queries.history import DecisionCount, HistoricDecision
    from asnrules.record.queries.runs import RecordedRun

DECISIONS = (
    "run_id", "started_at", "origin", "operator", "ruleset", "pool", "position", "filename",
    "exp_type", "member_type", "special", "associations", "reason", "changes",
)  # fmt: skip
ASSOCIATIONS = (
    "run_id", "started_at", "origin", "operator", "ruleset", "asn_name", "asn_type", "asn_rule",
    "asn_id", "candidate_type", "program", "target", "degraded_status", "keys", "products",
    "verdict",
)  # fmt: skip


@selects
def exposure(
    context: typer.Context,
    filename: Annotated[str, argument("EXPOSURE", "Any file of it, or how its name begins.")],
    limit: Annotated[int, option("N", "List the latest N runs.", min=1)] = 10,
    all_: Annotated[bool, flag("--all", "List all runs.")] = False,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Show the decisions on record about an exposure, in order of time, and what changed.

    If there are more runs than are listed, all are counted, by ruleset and outcome.

    Examples
    --------
    asnrules audit exposure jw01234001001_02101_00001_nrca1_uncal.fits
    asnrules audit exposure jw01234001001_02101_00001_nrca1_uncal.fits --all

    Exit Codes
    ----------
    1: stored values cannot be read
    3: no such exposure is on record

    See Also
    --------
    why, audit association, audit run
    """
    findings: list[Finding] = []
    record = audit(context)
    found = record.exposure(filename, findings, None if all_ else limit)
    counts: Sequence[DecisionCount] = []
    if not all_ and len({one.decision.run_id for one in found}) == limit:
        counts = record.exposure_counts(filename, findings)
    total = sum(one.decisions for one in counts)
    is_cut = total > len(found)
    print_records(
        (one.document() for one in found),
        DECISIONS,
        output,
        flat=_flat_decision,
        people=lambda: print_lines(
            [*_count_lines(counts if is_cut else []), *_decision_lines(found)]
        ),
    )
    if is_cut:
        messages.say(
            f"{len(found)} of {total} decisions are listed, the latest; --all lists all",
            listed=len(found),
            decisions=total,
        )
    end_with(findings)


def _count_lines(counts: Sequence[DecisionCount]) -> Iterable[str]:
    for one in counts:
        made = "imported, " if one.origin == "imported" else ""
        many = one.last_run > one.first_run
        which = f"runs {one.first_run} to {one.last_run}" if many else f"run {one.first_run}"
        where = f", in {counted(one.associations or 0, 'association')}"
        if not one.associations and one.origin == "imported":
            where = f", {one.without_association}"
        if one.associations is None:
            where = ""
        yield f"{which}: {counted(one.decisions, 'decision')}, {made}ruleset {one.ruleset}{where}"
    if counts:
        yield ""


def _flat_decision(document: Mapping[str, Any]) -> dict[str, Any]:
    places = [f"{one['asn_name']} ({one['exptype']})" for one in document["associations"]]
    return {**document, "associations": places}


def _decision_lines(found: Iterable[HistoricDecision]) -> Iterable[str]:
    last = None
    for one in found:
        decision = one.decision
        if last is not None:
            yield ""
        is_first = decision.filename != last
        if is_first:
            last = decision.filename
            yield last
        pool = f", pool {decision.pool}" if decision.pool else ""
        yield f"{_run(decision)}{pool}"
        # The one before may not be listed.
        if one.changes == [] and not is_first:
            yield "  as before"
            continue
        yield from (f"  {line}" for line in _what_was_decided(one))
        yield from (f"  changed: {change}" for change in one.changes or ())


def _run(run: RecordedDecision | RecordedRun) -> str:
    made = "imported by" if run.origin == "imported" else "by"
    return f"run {run.run_id}, {cell(run.started_at)}, {made} {run.operator}, ruleset {run.ruleset}"


def _what_was_decided(one: HistoricDecision) -> Iterable[str]:
    decision = one.decision
    if decision.associations is not None:
        special = f" ({decision.special})" if decision.special else ""
        known_class = decision.member_type or "unknown"
        yield f"{decision.exp_type or 'no EXP_TYPE'}, class {known_class}{special}"
    for place in one.memberships:
        verdict = f"; verdict: {place.verdict}" if place.verdict else ""
        yield (
            f"{place.asn_name}: {place.exptype}, in {place.asn_type or 'one without a type'} "
            f"by {place.asn_rule or 'no rule'} for {place.asn_id or 'no candidate'}{verdict}"
        )
    if not one.memberships:
        where = decision.without_association
        reason = (decision.reason or "").removeprefix(where).lstrip("; ")
        yield f"{where}: {reason}" if reason else where


@selects
def association(
    context: typer.Context,
    name: Annotated[str, argument("NAME", "Of the association or of its file.")],
    needs: Needs = False,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Show an association in every run that has one of this name, in order of time.

    Of the newest it tells with --needs which files it takes on disk: members, among them catalogs
    that Stage 3 makes, and MSA metadata files.

    Examples
    --------
    asnrules audit association jw01234-o001_image2_00001_asn
    asnrules audit association jw01234-o001_image2_00001_asn --needs

    Exit Codes
    ----------
    1: stored values cannot be read
    3: no such association is on record

    See Also
    --------
    audit exposure, audit run
    """
    findings: list[Finding] = []
    if needs:
        found_needs = audit(context).needs(name, findings)
        for note in found_needs.notes:
            messages.warn(note)
        print_needs(found_needs, output)
        end_with(findings)
        return
    found = audit(context).association(name, findings)
    print_records(
        (one.document() for one in found),
        ASSOCIATIONS,
        output,
        flat=_flat_association,
        people=lambda: print_lines(_association_lines(found)),
    )
    end_with(findings)


def _flat_association(document: Mapping[str, Any]) -> dict[str, Any]:
    products = [
        f"{product['name']}: "
        + ", ".join(f"{one['expname']} ({one['exptype']})" for one in product["members"])
        for product in document["products"]
    ]
    verdict = document["verdict"]
    return {**document, "products": products, "verdict": verdict and verdict["verdict"]}


def _association_lines(found: Iterable[AssociationReport]) -> Iterable[str]:
    for number, report in enumerate(found):
        run, one = report.run, report.association
        if number:
            yield ""
        yield one.asn_name
        yield f"  {_run(run)}"
        kind, rule = one.asn_type or "without a type,", one.asn_rule or "no rule"
        yield (
            f"  {kind} by {rule}, for candidate {one.asn_id or 'none'} ({one.candidate_type}) "
            f"of program {one.program or 'none'}, target {one.target or 'none'}"
        )
        if one.keys:
            yield f"  in common: {one.keys}"
        yield f"  {' '.join(str(one.degraded_status).split())}"
        for product, members in one.products:
            yield f"  product {product}"
            for member in members:
                has_error = member.exposerr not in (None, "null")
                error = f", error {member.exposerr}" if has_error else ""
                yield f"    {member.expname} ({member.exptype}{error})"
        if report.verdict is not None:
            yield f"  {report.verdict['verdict']}: {report.verdict['explanation']}"
