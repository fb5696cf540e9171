"""The exposure that comes nearest to a rule that takes none."""

from __future__ import annotations

from dataclasses import replace

from asnrules.analysis.answers import shown
from asnrules.analysis.tables import Vocabulary
from asnrules.engine.conditions import ANY
from asnrules.engine.nearest_rule import RuleRanking
from asnrules.engine.signatures import judge_values
from asnrules.rules.model import Role, Rule, Ruleset


def nearest_miss(
    ruleset: Ruleset, rule: Rule, role: Role | None, vocabulary: Vocabulary
) -> tuple[str, dict[str, str | None]]:
    """Give what keeps a rule, or one of its roles, from the exposure that comes nearest.

    Parameters
    ----------
    role : Role or None
        One of its roles; None for whichever comes nearest.
    vocabulary : Vocabulary
        Of its EXP_TYPEs and values, an exposure of each is tried, with and without flags.

    Returns
    -------
    tuple of (str, dict)
        What it misses, in words, and the exposure.
    """
    alone = rule if role is None else rule._replace(roles=(role,))
    tried = replace(ruleset, rules=(alone,))
    nearness = RuleRanking(ruleset)
    best: tuple[int, str, dict[str, str | None]] | None = None
    flags = [{}, *({keyword: "t"} for _, keyword in vocabulary.specials)]
    for exp_type in vocabulary.exp_types:
        for flag in flags:
            given = {**vocabulary.usual, "exp_type": exp_type.lower(), **flag}
            values = {**dict.fromkeys(vocabulary.fitting, ANY), **given}
            (verdict,) = judge_values(tried, values).verdicts
            if verdict.matched:
                unmet, text = 0, "another of its roles"
            else:
                miss = nearness.miss(verdict, values)
                unmet, text = miss.unmet, miss.sentence()
            if best is None or unmet < best[0]:
                best = (unmet, text, shown(given))
    return ("", {}) if best is None else best[1:]
