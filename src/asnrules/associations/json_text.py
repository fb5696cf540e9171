"""The JSON of an association file, as jwst reads it; or what is wrong with it, and the mend."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from asnrules.util.text import shown

_YAML = re.compile(r"^\s*(?:-\s+)?(?:asn_\w+|products|program|members|expname)\s*:", re.MULTILINE)
_TO_JSON = (
    "save it as JSON, in Python: import json, yaml; "
    "json.dump(yaml.safe_load(open('OLD')), open('NEW_asn.json', 'w'), indent=4)"
)
_SURPLUS = re.compile(r",\s*[\]}]")
_FAULTS = (
    (r"'", "has single quotes, where JSON has double ones,", "replace them by double quotes"),
    (r"[“”‘’]", "has curly quotes, where JSON has straight ones,", "replace them by straight ones"),  # noqa: RUF001
    (r",", "has a comma too many", "remove it"),
    (
        r"(?:None|True|False)\b", "has a word of Python, which JSON writes otherwise,",
        "write null, true or false",
    ),
    (r"#|//|/\*", "has a comment, which JSON does not allow,", "remove it"),
    (r"[^\W\d]\w*\s*:", "has a key without quotes", "put it into double quotes"),
)  # fmt: skip
"""What begins where JSON ends."""


class JsonError(Exception):
    """What is wrong with a text, and how to mend it."""

    def __init__(self, problem: str, mend: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.mend = mend


def read_json(text: str) -> tuple[Any, list[str]]:
    """Give what a text holds, and the keys that come twice in one object: the last one counts."""
    repeated: dict[str, None] = {}

    def as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            repeated.update(dict.fromkeys(key for key, count in counts.items() if count > 1))
        return found

    try:
        return json.loads(text, object_pairs_hook=as_object, parse_int=_integer), [*repeated]
    except json.JSONDecodeError as error:
        raise _explained(error) from error
    except RecursionError as error:
        raise JsonError("is nested too deeply", "give an association file") from error
    except ValueError as error:
        raise JsonError(f"is no JSON: {error}", "mend the file") from error


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        # Python reads no number of more digits than this.
        raise ValueError(f"it holds a number of {len(text):,} digits") from error


def _explained(error: json.JSONDecodeError) -> JsonError:
    text, at = error.doc, error.pos
    if not text.lstrip().startswith(("{", "[")) and _YAML.search(text):
        return JsonError("is YAML, which jwst will stop reading", _TO_JSON)
    comma = text.rfind(",", 0, at + 1)
    surplus = _SURPLUS.match(text, comma) if comma >= 0 else None
    if surplus is not None and surplus.end() > at:
        what = f"has a comma too many {_place(text, comma)}, before {surplus[0][-1]}"
        return JsonError(what, "remove that comma")
    rest = text[at : at + 200].lstrip()
    for pattern, problem, mend in _FAULTS:
        if re.match(pattern, rest):
            return JsonError(f"is no JSON: it {problem} {_place(text, at)}", mend)
    if error.msg.startswith("Expecting ',' delimiter") and rest.startswith(('"', "{", "[")):
        what = f"is no JSON: there is no comma before {shown(rest[:20])} {_place(text, at)}"
        return JsonError(what, "put a comma there")
    message = error.msg.removesuffix(" at")
    if message == "Invalid control character":
        what = f"is no JSON: text has a line break or tab {_place(text, at)}"
        return JsonError(what, "write it as \\n or \\t")
    cut = "" if text.rstrip().endswith("}") else "cut off, or "
    mend = "fetch the file again" if cut else "mend it there, or fetch the file again"
    return JsonError(f"is {cut}no JSON: {message} {_place(text, at)}", mend)


def _place(text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    return f"at line {line}, column {at - text.rfind(chr(10), 0, at)}"
