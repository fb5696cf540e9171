"""The verdict on an association that was made elsewhere, and what today's rules make of it."""

from __future__ import annotations

from itertools import chain

from asnrules.associations.reader import ForeignAssociation
from asnrules.imports.by_hand import ByHand
from asnrules.imports.choice import Choice
from asnrules.imports.judging import Judged, Judging, Rules, in_words
from asnrules.imports.today import Today


def judge(association: ForeignAssociation, choice: Choice, rules: Rules) -> Judged:
    """Judge an association by the ruleset that was chosen for it."""
    kind = ByHand if association.is_by_hand else Judging
    judging = kind(association, choice, rules)
    found = judging.judged()
    texts = [found.explanation]
    if association.remarks:
        texts.append(in_words(association.remarks))
    if rules.today is not None:
        now = kind(association, choice, rules._replace(matcher=rules.today.now))
        texts += _today(association, rules.today, judging, now)
    return found._replace(
        explanation="; ".join([*texts, f"rules: {choice.why}"]),
        by_rules=judging.by_rules(),
    )


def _today(association: ForeignAssociation, today: Today, then: Judging, now: Judging) -> list[str]:
    """Say what today's rules make of its exposures, and which changes since made the difference."""
    unlike = now.unlike()
    if unlike is None:
        return []
    rules = f"today's rules ({today.label})"
    pairs = zip(then.nearest, now.nearest, strict=True)
    found = (today.changes(association, *pair) for pair in pairs)
    changes = list(dict.fromkeys(chain.from_iterable(found)))
    if not unlike and not changes and then.is_made:
        return [f"{rules} make the same"]
    hows = {near.expected.how for near in now.nearest if near}
    how = hows.pop() if len(hows) == 1 else ""
    texts = [f"by {rules}: {in_words(unlike)}" if unlike else f"{rules} make this{how}"]
    if changes:
        texts.append(f"changed since by {'; and by '.join(one.words() for one in changes)}")
    return texts
