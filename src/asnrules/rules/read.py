"""Read a ruleset from the folder that people write: TOML, and CSV for tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from asnrules.errors import RulesetError
from asnrules.rules.model import NOT_APPLICABLE, AnyRuleset, Erratum, Mode, Table
from asnrules.rules.text_files import Findings, read_lines, read_toml, settle
from asnrules.rules.words import LABEL, LABEL_PROBLEM, Words, instrument_of, shipped_words, unknown

if TYPE_CHECKING:
    from asnrules.rules.read_rules import RulesReader

MODES, ERRATA = "exposure_modes.csv", "errata.csv"
"""The files of a table beside its header."""
MODE_COLUMNS = Mode._fields[1:]

WHAT = {
    "exp_type": "EXP_TYPE",
    "member_type": "member type",
    "special": "special",
    "asn_type": "association type",
}
"""The columns of a table that have words of the vocabulary, and what these words are called."""


class RulesetReader:
    """Reads rulesets, one after the other; what rules have in common is read once.

    Parameters
    ----------
    words : Words, optional
        The words that they may use; those of the shipped vocabulary by default.
    parents : callable, optional
        See `asnrules.rules.read_rules.RulesReader`.
    """

    def __init__(
        self, words: Words | None = None, parents: Callable[[str], Path] | None = None
    ) -> None:
        self._words = words or shipped_words()
        self._parents = parents
        self._rules: RulesReader | None = None

    def read(
        self,
        folder: Path,
        new_exp_types: Mapping[int, str] | None = None,
        label: str | None = None,
    ) -> AnyRuleset:
        """Read a ruleset from its folder.

        Parameters
        ----------
        folder : Path
            With a `ruleset.toml`, and the other files of its kind beside it.
        new_exp_types : mapping of int to str, optional
            Rows of a table, counted from 1, whose EXP_TYPE is a new one.
        label : str, optional
            The label of rules, if not that of their folder; see `RulesReader.read`.

        Raises
        ------
        RulesetError
            If a file is missing or not well formed; the message, or each of its details, names it.
        """
        # Few commands read rules, and what reads them is much to import.
        from asnrules.rules.read_rules import RulesReader

        if _kind(folder) == Table.kind:
            return _read_table(folder, self._words, new_exp_types or {})
        self._rules = self._rules or RulesReader(self._words, self._parents)
        return self._rules.read(folder, label)


def _kind(folder: Path) -> str:
    """Give the kind that a folder says, or else the one that its files are of."""
    said = None
    with suppress(RulesetError):
        said = read_toml(folder / "ruleset.toml").get("kind")
    # What is wrong with its header is told by what reads it as either kind.
    is_table = said == Table.kind or (said != "rules" and (folder / MODES).exists())
    return Table.kind if is_table else "rules"


def read_ruleset(
    folder: Path,
    words: Words | None = None,
    new_exp_types: Mapping[int, str] | None = None,
    parents: Callable[[str], Path] | None = None,
    label: str | None = None,
) -> AnyRuleset:
    """Read one ruleset; see `RulesetReader`."""
    return RulesetReader(words, parents).read(folder, new_exp_types, label)


def check_label(label: str) -> str:
    """Refuse a label that is not of up to 64 letters, digits and a few signs."""
    if not re.fullmatch(LABEL, label):
        raise RulesetError(LABEL_PROBLEM.replace("{value}", repr(label[:80])))
    return label


def none_if_not_applicable(value: str) -> str | None:
    """Give None for N/A."""
    return None if value == NOT_APPLICABLE else value


def known_words(words: Words) -> dict[str, frozenset[str]]:
    """Give the words that the columns of a table may have."""
    return {
        "exp_type": words.exp_types,
        "member_type": words.member_types,
        "special": words.specials | {NOT_APPLICABLE},
        "asn_type": words.asn_types | {NOT_APPLICABLE},
    }


def mode_of(position: int, cells: Mapping[str, str], footnote: str | None) -> Mode:
    """Make a row of a table of its cells."""
    return Mode(
        position,
        cells["exp_type"],
        cells["member_type"],
        none_if_not_applicable(cells["special"]),
        none_if_not_applicable(cells["asn_type"]),
        footnote or None,
    )


# ------------------------------------------------------------------------- tables


def _read_table(folder: Path, words: Words, new_exp_types: Mapping[int, str]) -> Table:
    from asnrules.rules.converter import FileConverter
    from asnrules.rules.shapes import HeaderShape, check_kind, check_period

    top, rows, cells = (Findings(folder / name) for name in ("ruleset.toml", MODES, ERRATA))
    header = None
    with top.reading():
        document = read_toml(top.path)
        check_kind(document, top)
        header = FileConverter(words).fit(HeaderShape, document, top.at)
    if header is not None:
        check_period(header.effective_from, header.effective_until, top)
    modes = _modes(rows, words, new_exp_types)
    errata = _errata(cells, modes)
    settle(folder, (top, rows, cells))
    assert header is not None  # noqa: S101
    return Table(
        label=header.label,
        title=header.title,
        source=header.source,
        effective_from=header.effective_from,
        effective_until=header.effective_until,
        modes=tuple(mode for mode in modes.values() if mode is not None),
        errata=errata,
    )


def _modes(
    found: Findings, words: Words, new_exp_types: Mapping[int, str]
) -> dict[int, Mode | None]:
    """Give the rows of a table by their position; None for one that is not well formed."""
    lines: list[tuple[int, dict[str, str]]] = []
    with found.reading():
        lines = read_lines(found.path, MODE_COLUMNS)
        if not lines:
            found.at((), "no row; a table has rows")
    modes: dict[int, Mode | None] = {}
    seen: dict[tuple[str, str], int] = {}
    for position, (line, row) in enumerate(lines, 1):
        problems = [*_mode_problems(position, row, words, new_exp_types)]
        first = seen.setdefault((row["exp_type"], row["special"]), line)
        if first != line:
            problems.append(
                f"{row['exp_type']} with special {row['special']} is on line {first} already; "
                "leave one out"
            )
        for problem in problems:
            found.at_line(line, problem)
        modes[position] = None if problems else mode_of(position, row, row["footnote"])
    return modes


def _mode_problems(
    position: int, row: Mapping[str, str], words: Words, new_exp_types: Mapping[int, str]
) -> Iterator[str]:
    known = known_words(words)
    exp_type = row["exp_type"]
    has_instrument = instrument_of(exp_type) is not None
    is_new = has_instrument and new_exp_types.get(position) == exp_type
    if exp_type not in words.exp_types and not is_new:
        problem = unknown("EXP_TYPE", exp_type, words.exp_types)
        mend = f" if it is a new one: --accept {position}={exp_type}" if has_instrument else ""
        yield problem + mend
    for name in ("member_type", "special", "asn_type"):
        if row[name] not in known[name]:
            yield unknown(WHAT[name], row[name], known[name])
    if not row["footnote"].isprintable():
        yield "the footnote has more than one line; write it as one"


def _errata(found: Findings, modes: Mapping[int, Mode | None]) -> tuple[Erratum, ...]:
    errata: dict[tuple[int, str], Erratum] = {}
    lines: list[tuple[int, dict[str, str]]] = []
    with found.reading():
        lines = read_lines(found.path, Erratum._fields)
    for line, row in lines:
        if problem := _erratum_problem(row, modes):
            found.at_line(line, problem)
            continue
        erratum = Erratum(int(row["position"]), *(row[name] for name in Erratum._fields[1:]))
        if erratum[:2] in errata:
            found.at_line(line, "a second erratum for one cell; leave one out")
        errata[erratum[:2]] = erratum
    return tuple(errata[cell] for cell in sorted(errata))


def _erratum_problem(row: dict[str, str], modes: Mapping[int, Mode | None]) -> str | None:
    position, field, corrected = row["position"], row["field"], row["corrected"]
    if not (position.isascii() and position.isdecimal() and len(position) < 10):
        return f"position {position[:80]!r} is not a number; count rows from 1"
    if field not in MODE_COLUMNS:
        return unknown("field", field, MODE_COLUMNS)
    # Without rows it is told why; so it is of a row that is not well formed.
    if modes and int(position) not in modes:
        return f"there is no row {position}; count rows from 1"
    if (mode := modes.get(int(position))) is None:
        return None
    means = getattr(mode, field)
    if none_if_not_applicable(corrected) != means:
        return (
            f"corrected is {corrected[:80]!r}, but row {position} has {means or NOT_APPLICABLE}; "
            "mend one of them"
        )
    return None
