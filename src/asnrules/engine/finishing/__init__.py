"""The steps between a grown association and a finished one.

A rule names the steps that its associations go through, in order. Naming, pruning and
numbering come after that, over the associations of all rules.

====================  ==============================================================
`validity`            does the association stand?
`names`               names of members, products and associations
`pruning`             of associations that say the same, one stays
====================  ==============================================================
"""

from __future__ import annotations

from collections.abc import Callable

from asnrules.engine.drafts import Draft, Work
from asnrules.engine.finishing.validity import candidate_validity, science_required

Step = Callable[[Draft, Work], list[Draft] | str]
"""Takes an association; gives what becomes of it, or in words why nothing does."""

STEPS: dict[str, Step] = {
    "science_required": science_required,
    "candidate_validity": candidate_validity,
}
"""The steps by the names that rules use."""
