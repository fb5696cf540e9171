"""Say in plain words what rules ask for and what held."""

from __future__ import annotations

from collections.abc import Iterable

from asnrules.rules.model import Requirement, Rule


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


def keys_text(keys: Iterable[tuple[str, tuple[str, str]]]) -> str:
    """Say what the exposures of an association have in common.

    Parameters
    ----------
    keys : iterable of (str, (str, str))
        Name of a key, and the keyword and value that are shared.
    """
    return "; ".join(f"{name} = {value} ({source.upper()})" for name, (source, value) in keys)
