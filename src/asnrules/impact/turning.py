"""Which named changes turned a decision, where two rulesets are of one chain.

The rulesets between the two tell at which step it turned. Within a step of several changes, the
rules that each of these makes of the parent tell which of them did.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import Connection

from asnrules.catalog import store
from asnrules.catalog.changes import NamedChange, chain_with, changes_of
from asnrules.catalog.vocabulary import stored_words
from asnrules.errors import OutputError, RulesetError
from asnrules.rules.checksums import joint_checksum, row_differences
from asnrules.rules.model import Ruleset
from asnrules.rules.words import Words
from asnrules.rules.write import Files, write_folder

if TYPE_CHECKING:
    from asnrules.rules.variants import Variants

Made = TypeVar("Made")
State = Callable[[Ruleset], Hashable]
"""Gives what a ruleset decides, to be compared with what others do."""
Named = tuple[NamedChange, ...]
_Turns = Callable[[Collection[str]], bool]
"""Tells whether some changes turn something."""


class RulesetCache(Generic[Made]):
    """Asks something of each ruleset once."""

    def __init__(self, made: Callable[[Ruleset], Made]) -> None:
        self._made = made
        self._found: dict[int, tuple[Ruleset, Made]] = {}

    def __call__(self, ruleset: Ruleset) -> Made:
        """Ask it of a ruleset."""
        # By identity, as rules are long to compare; what is kept here has no other's.
        if id(ruleset) not in self._found:
            self._found[id(ruleset)] = ruleset, self._made(ruleset)
        return self._found[id(ruleset)][1]


class Step:
    """From one ruleset of a chain to the next."""

    def __init__(
        self,
        before: Ruleset,
        after: Ruleset,
        changes: Named,
        variants: Callable[[str], Variants | None],
    ) -> None:
        self.before = before
        self.after = after
        self.changes = changes
        self._of = variants

    def turned(self, state: State) -> Named:
        """Give the changes of this step that turned something; see `Chain.turned`."""
        wanted = state(self.after)
        if state(self.before) == wanted:
            return ()
        variants = self._variants
        if variants is None:
            return self._acting

        def turns(names: Collection[str]) -> bool:
            try:
                return state(variants.made(names)) == wanted
            except RulesetError:
                return False

        acting = [change.change for change in self._acting]
        names = _sufficient(variants, acting, turns) or _fewest(variants, acting, turns)
        return tuple(one for one in self._acting if one.change in names)

    @cached_property
    def _acting(self) -> Named:
        """The changes that do something: what follows from another may hold nothing of its own."""
        return tuple(one for one in self.changes if any(item.acts for item in one.items))

    @cached_property
    def _variants(self) -> Variants | None:
        """What the changes make by themselves; None if they cannot be told apart."""
        if len(self._acting) < 2:
            return None
        variants = self._of(self.after.label)
        if variants is None:
            return None
        pairs = (
            (variants.made(()), self.before),
            (variants.made([change.change for change in self.changes]), self.after),
        )
        # Somebody may have changed the files of one.
        is_other = any(any(row_differences(*pair)) for pair in pairs)
        return None if is_other else variants


def _sufficient(variants: Variants, acting: Sequence[str], turns: _Turns) -> set[str]:
    """Give the changes that turn something alone, or with such as they need but that do not."""
    needs = variants.needs
    found: set[str] = set()
    for name in sorted(acting, key=lambda name: len(needs[name])):
        if found.isdisjoint(needs[name]) and turns(needs[name]):
            found.add(name)
    return found


def _fewest(variants: Variants, acting: Sequence[str], turns: _Turns) -> set[str]:
    """Give the fewest changes that turn something together, less those that others of them need."""
    needs, found = variants.needs, {*acting}
    for name in reversed(acting):
        fewer = {other for other in found if name not in needs[other]}
        if turns(fewer):
            found = fewer
    return found.difference(*(needs[name] - {name} for name in found))


class Chain:
    """The rulesets from one to a later one that was made of it, and the changes between them."""

    def __init__(
        self,
        rulesets: Sequence[Ruleset],
        changes: Mapping[str, Named],
        files: Mapping[str, Files],
        words: Words,
    ) -> None:
        self.rulesets = rulesets
        self._changes = changes
        self.steps = [
            Step(before, after, changes.get(after.label, ()), lambda label: self._found.get(label))
            for before, after in pairwise(rulesets)
        ]
        self._files = files
        self._words = words
        self._skipping: dict[tuple[str, tuple[str, ...]], Ruleset] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Have it pickled as what it is made of."""
        return Chain, (self.rulesets, self._changes, self._files, self._words)

    def checksum(self) -> str:
        """Give a digest of the checksums of its rulesets."""
        return joint_checksum(self.rulesets)

    def turned(self, state: State, ends: tuple[str, str] | None = None) -> Named:
        """Give the changes that turned something: its state at one end into that at the other.

        The ends are those of the chain, or the rulesets with some labels. In each step at which
        the state altered for good these are: the change that alone does, or each that alone does;
        otherwise the fewest that do together. A change that cannot stand alone is tried with those
        that it needs, and named if those do not without it. What came, went and came again has the
        changes of its first coming as well, if those of the last do not do it without them.
        """
        labels = [ruleset.label for ruleset in self.rulesets]
        start, stop = map(labels.index, ends or (labels[0], labels[-1]))
        found = self._turned(state, [state(one) for one in self.rulesets[start : stop + 1]], start)
        return tuple(change for _, changes in found for change in changes)

    def _turned(
        self, state: State, states: Sequence[Hashable], start: int
    ) -> list[tuple[int, Named]]:
        """Give the changes by steps, of which each has its place, from one on."""
        old, new = states[0], states[-1]
        if old == new:
            return []
        first = max(place for place, one in enumerate(states) if one == old)
        last = states.index(new, first)
        places = range(start + first, start + last)
        found = [(place, self.steps[place].turned(state)) for place in places]
        found = [one for one in found if one[1]]
        if new in states[:first]:
            came = first - states[first::-1].index(new)
            earlier = self._turned(state, states[: came + 1], start)
            if earlier and not self._do(found, earlier[0][0], state, new):
                return earlier + found
        return found

    def _do(
        self, changes: Sequence[tuple[int, Named]], start: int, state: State, wanted: Hashable
    ) -> bool:
        """Tell whether changes of some steps give a state when made of an earlier ruleset."""
        labels = [self.steps[place].after.label for place in (start, *(at for at, _ in changes))]
        key = labels[0], tuple(change.change for _, several in changes for change in several)
        try:
            if key not in self._skipping:
                variants = [self._found[label] for label in labels]
                items = variants[0].parent
                for one, (_, several) in zip(variants[1:], changes, strict=True):
                    items, _ = one.applied(items, {change.change for change in several})
                self._skipping[key] = variants[-1].built(items)
        except (KeyError, RulesetError):
            # The rulesets in between cannot be left out.
            return False
        return state(self._skipping[key]) == wanted

    @cached_property
    def _found(self) -> dict[str, Variants]:
        """Read the files of changes again; those that cannot be read are left out."""
        # The shapes of rules are slow to import.
        from asnrules.rules.read_rules import RulesReader

        found = {}
        with tempfile.TemporaryDirectory() as top:
            folders = {label: Path(top) / str(at) for at, label in enumerate(self._files)}
            reader = RulesReader(self._words, folders.__getitem__)
            try:
                for label, folder in folders.items():
                    write_folder(folder, self._files[label])
                for step in self.steps:
                    label = step.after.label
                    found[label] = reader.variants(folders[label])
            except (OutputError, RulesetError):
                pass
        return found


def chain_between(connection: Connection, before: str, after: str) -> Chain | None:
    """Give the chain between two rulesets; see `chain_with`."""
    if (found := chain_with(connection, before, after)) is None:
        return None
    whole, start = found
    part = whole[start:]
    changes: dict[str, Named] = {}
    for change in changes_of(connection, part[1:]):
        changes[change.ruleset] = (*changes.get(change.ruleset, ()), change)
    files: dict[str, Files] = {}
    if any(len(several) > 1 for several in changes.values()):
        files = {info.ruleset: store.stored_files(connection, info.ruleset_id) for info in whole}
    rulesets = store.load_all_rules(connection, [info.ruleset_id for info in part])
    return Chain(rulesets, changes, files, stored_words(connection))
