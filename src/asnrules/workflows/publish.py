"""Publish a draft that passes its check."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Engine

from asnrules.catalog.check import check_rulesets
from asnrules.catalog.publishing import (
    Publication,
    Publishing,
    approved,
    publish_ruleset,
    refuse_unreviewed,
)
from asnrules.database.engines import transaction
from asnrules.errors import RulesetError
from asnrules.util.parallel import Progress
from asnrules.workflows.generate import user_name


def publish_checked(
    engine: Engine, label: str, wanted: Publishing, progress: Progress | None = None
) -> Publication:
    """Check the draft that was reviewed, and publish what was checked.

    It is a RulesetError if the check finds what the draft does not explain, or it may not be
    published; see `approved`.
    """
    with transaction(engine) as connection:
        # What is quickly found comes before the check.
        approved(connection, label, wanted)
    (checked,) = check_rulesets(engine, label, progress)
    # It may have been replaced meanwhile.
    refuse_unreviewed(label, checked.checksum, wanted.checksum)
    findings = checked.open_findings()
    if findings:
        many = f"{len(findings)} findings, the first" if len(findings) > 1 else "a finding"
        raise RulesetError(
            f"ruleset {label!r} does not pass its check: {many} is {findings[0].check}, "
            f"{findings[0].subject}: {findings[0].text}; asnrules rulesets check {label} tells all"
        )
    operator = wanted.operator or user_name()
    wanted = replace(wanted, checksum=checked.checksum, operator=operator)
    return publish_ruleset(engine, label, wanted)
