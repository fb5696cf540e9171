"""What explanations say to people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asnrules.workflows.explain import Explanation
    from asnrules.workflows.explain_association import AssociationExplanation
    from asnrules.workflows.explain_pair import PairExplanation

_OF_NODS = ("science", "background")
_NODS = "  of the sciences of the pattern each is one in turn, the others its background"


def of_exposure(explanation: Explanation) -> Iterator[str]:
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
    yield from _on_record(explanation, "it is not imported")
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


def _on_record(explanation: Explanation | PairExplanation, none: str) -> Iterator[str]:
    """Say what an imported run has on record, and that all else is not."""
    found = explanation.on_record
    if found is None:
        return
    listed = "; ".join(f"{one.asn_name} ({', '.join(map(_words, one.roles))})" for one in found)
    yield ""
    yield f"{explanation.where.capitalize()} is an import; on record of it: {listed or none}"
    yield f"By its pool and the rules of {explanation.ruleset} it would be:"


def _joined(document: Mapping[str, Any]) -> list[str]:
    """Say how an exposure came into an association, but for the name of that."""
    exptype = document["exptype"]
    lines = [
        f"it is {_a(exptype)} here ({document['asn_type']})",
        f"  {document['asn_rule']} took it as {document['role']}, "
        f"for candidate {document['candidate']} ({document['candidate_type']})",
    ]
    lines.append(f"  asked of it: {_asked(document)}")
    if (document["role"], exptype) == _OF_NODS:
        lines.append(_NODS)
    shared, of_role = _keys(document["keys"])
    lines.append(f"  in common with the other members: {shared or 'nothing'}")
    if of_role:
        lines.append(f"  what its role has to match: {of_role}")
    return lines


def _asked(document: Mapping[str, Any]) -> str:
    """List what was asked of an exposure, but for what it was not to be."""
    return "; ".join(one for one in document["asked"] if not one.startswith("not ")) or "nothing"


def _keys(keys: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """List what is in common with the other members, and what a role has to match."""
    return [
        ", ".join(
            f"{key['keyword']} {key['value']}"
            for key in keys.values()
            if key["of_role"] is of_its_role
        )
        for of_its_role in (False, True)
    ]


def _dropped_lines(explanation: Explanation) -> Iterator[str]:
    reasons = Counter(
        f"{fate.rule.name} for candidate {fate.candidate[0]}: {fate.reason}"
        for fate in explanation.dropped
    )
    if reasons:
        yield from ("", "Made, or looked at, but not kept:")
    for reason, count in reasons.items():
        yield f"  {reason}" if count == 1 else f"  {reason} ({count} times)"


def _miss_lines(explanation: Explanation) -> Iterator[str]:
    missed = explanation.missed
    near = [miss for miss in missed if not miss.distance.is_other_type]
    far = [miss.rule.name for miss in missed if miss.distance.is_other_type]
    if near:
        yield from ("", "Rules for this instrument that do not take it, the nearest miss first:")
    for miss in near:
        yield f"  {miss.rule.name}: {'; also '.join(one.found() for one in miss.failures)}"
    if far:
        yield from ("", f"Rules for other EXP_TYPEs of this instrument: {', '.join(far)}")


def of_pair(found: PairExplanation) -> Iterator[str]:
    """Say what two exposures are to each other, a line at a time."""
    science, other = found.science, found.other
    yield f"{science}: class {found.classes[0]}"
    yield f"{other}: class {found.classes[1]}"
    yield from _on_record(found, "no association that has both")
    if found.reason is not None:
        yield from ("", f"{science} is in no association: {found.reason}")
    if found.together:
        yield from ("", "Associations that have both:")
    for one in found.together:
        yield f"  {one.asn_name}: {science} is {_a(one.exptype)}, {other} {_a(one.other)}"
    if found.left_out:
        yield from ("", f"Associations of {science} that took {other} at first:")
    for fate in found.left_out:
        yield f"  {fate.rule.name} for candidate {fate.candidate[0]}: {fate.reason}"
    for none in found.takes_none:
        kind = _words(none.exptype) if none.is_companion else "companion"
        yield from ("", f"{other} is no {kind} of {science}:", f"  {none.text()}")
    for near in found.nearest:
        yield from ("", f"{other} is no {_words(near.apart.exptype)} of {science}; the nearest is")
        yield f"  {near.text()}"
    if not (found.together or found.left_out or found.takes_none or found.nearest):
        yield from ("", f"No rule that takes {science} as a science takes another exposure with it")


def of_association(found: AssociationExplanation) -> Iterator[str]:
    """Say why each member is in an association, a line at a time."""
    document = found.document()
    yield (
        f"{document['asn_name']}: {document['asn_type']} by {document['asn_rule']}, for candidate "
        f"{document['candidate']} ({document['candidate_type']}), of {document['of']}"
    )
    if found.imported_as is not None:
        by = f"by the rules of {found.ruleset} it is {document['by_rules']}"
        yield f"  {found.where} is an import; {by}"
    alike = groupby(document["members"], lambda one: {**one, "expname": None})
    for first, members in alike:
        yield ""
        for member in members:
            yield f"{member['expname']}: {_words(member['exptype'])}"
        if first["role"] is None:
            yield "  made by Stage 3 of direct images, for which it stands"
            continue
        shared, of_role = _keys(first["keys"])
        yield f"  taken as {first['role']}; asked of it: {_asked(first)}"
        if (first["role"], first["exptype"]) == _OF_NODS:
            yield _NODS
        yield f"  in common with the other members: {shared or 'nothing'}"
        if of_role:
            yield f"  what its role has to match: {of_role}"


def _words(exptype: str) -> str:
    return exptype.replace("_", " ")


def _a(exptype: str) -> str:
    return f"{'an' if exptype[0] in 'aeiou' else 'a'} {_words(exptype)}"
