"""Say in plain words what rules ask for and what held."""

from __future__ import annotations

from asnrules.engine.drafts import Draft
from asnrules.engine.model import Requirement, Rule


def requirement_text(requirement: Requirement) -> str:
    """Say what a requirement asks for."""
    text = requirement.condition.text
    if requirement.negated:
        text = f"not {text}"
    if requirement.when_key is not None:
        text += f", where the exposures share {requirement.when_key} {requirement.when_value}"
    return text


def requirements_text(rule: Rule) -> str:
    """Say what a rule asks of each exposure."""
    return "; ".join(requirement_text(use) for use in rule.requirements)


def constraints_text(draft: Draft, label: str, asked: str) -> str:
    """Say which conditions and keys hold for an association.

    Parameters
    ----------
    draft : Draft
        The association.
    label : str
        Of the ruleset.
    asked : str
        The `requirements_text` of its rule.
    """
    identifier, kind = draft.candidate
    shared = "; ".join(
        f"{name} = {value} ({source.upper()})" for name, (source, value) in draft.keys.items()
    )
    return (
        f"{draft.rule.name} of {label} for candidate {identifier} ({kind})\n"
        f"each exposure: {asked}\n"
        f"in common: {shared}"
    )
