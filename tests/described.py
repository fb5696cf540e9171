"""Write the document of the Python API from its docstrings.

`python tests/described.py` renews docs/api.md.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import asnrules

DOCUMENT = Path(__file__).parents[1] / "docs" / "api.md"

HEAD = """# The Python API

Written from the docstrings; `python tests/described.py` renews it. `import asnrules` is fast, as
everything below is imported when it is first used. Tables of other libraries are recognised by
their methods; none of these libraries need be installed.
[A worked example](../examples/notebook.md) uses most of it;
[an auditor's morning](../examples/auditor.md) asks the record, and
[a curator's](../examples/curator.md) publishes a table.

## Commands in Python

What each command does, by `catalog = asnrules.open_catalog()`. Results that a command prints as CSV
become the same table by `to_pandas()`, `to_polars()` or `to_astropy()`; `document()` is what it
prints as JSON.
"""

FUNCTIONS = {
    "lookup": "Catalog.lookup",
    "classify": "Catalog.classify Catalog.classify_pool",
    "generate": "Catalog.generate",
    "candidates": "Catalog.candidates",
    "why": "Catalog.why",
    "sql": "Catalog.sql",
    "pool make": "Catalog.make_pool make_pool write_pool",
    "rulesets list": "Catalog.rulesets",
    "rulesets releases": "Catalog.releases",
    "rulesets show": "Catalog.show",
    "rulesets history": "Catalog.history",
    "rulesets blame": "Catalog.blame",
    "rulesets import": "Curator.import_ruleset",
    "rulesets export": "Curator.export_ruleset",
    "rulesets check": "Curator.check",
    "rulesets diff": "Curator.diff",
    "rulesets impact": "Curator.impact",
    "rulesets conform": "Curator.conform",
    "rulesets publish": "Curator.publish",
    "rulesets discard": "Curator.discard",
    "audit runs": "Audit.runs",
    "audit run": "Audit.run",
    "audit report": "Audit.report",
    "audit exposure": "Audit.exposure Audit.exposure_counts",
    "audit association": "Audit.association Audit.needs",
    "audit diff": "Audit.diff",
    "audit replay": "Audit.replay",
    "audit timeline": "Audit.timeline",
    "audit import": "Audit.import_associations",
    "audit verify": "Audit.verify",
    "audit digest": "Audit.digest",
    "audit export": "Audit.export",
    "db check": "Catalog.check_database",
}
"""The functions of each command."""

COMMANDS_ONLY = {
    "browse": "it serves pages until it is ended",
    "db upgrade": "`open_catalog` upgrades SQLite files; a PostgreSQL database is upgraded by hand",
    "db current": "`open_catalog` refuses a database that does not fit the program, and says why",
}
"""What is not for Python, and why."""

_IN_PYTHON = {
    "Catalog": "catalog", "Audit": "catalog.audit", "Curator": "catalog.curator", "": "asnrules",
}  # fmt: skip


def described() -> str:
    """Give the text of the document."""
    lines = (line for name in asnrules.__all__ for line in _lines(name))
    return "\n".join([HEAD, *_commands(), "", *lines])


def _commands() -> Iterator[str]:
    yield "| command | in Python |\n|---|---|"
    for command, names in FUNCTIONS.items():
        yield f"| `{command}` | {', '.join(map(_in_python, names.split()))} |"
    for command, why in COMMANDS_ONLY.items():
        yield f"| `{command}` | not in Python: {why} |"


def _in_python(name: str) -> str:
    owner, _, method = name.rpartition(".")
    return f"[`{_IN_PYTHON[owner]}.{method}`](#{name.lower().replace('.', '')})"


def _lines(name: str) -> Iterator[str]:
    thing = getattr(asnrules, name)
    yield from _entry("##", name, thing)
    if inspect.isclass(thing) and thing.__module__.startswith("asnrules.api"):
        for method, function in vars(thing).items():
            if not method.startswith("_"):
                yield from _entry("###", f"{name}.{method}", function)


def _entry(level: str, name: str, thing: Any) -> Iterator[str]:
    yield f"{level} {name}\n"
    if not (inspect.isclass(thing) and issubclass(thing, Exception)):
        yield f"```python\n{name}{_signature(thing)}\n```\n"
    yield "\n".join(["```text", inspect.getdoc(thing) or "", *_attributes(thing), "```\n"])


def _attributes(thing: Any) -> Iterator[str]:
    """Give the fields of a class that are described where they stand."""
    if not inspect.isclass(thing):
        return
    body = ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0].body
    described = [
        (f"{field.target.id} : {ast.unparse(field.annotation)}", inspect.cleandoc(text.value.value))
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    ]
    if described:
        yield "\nAttributes\n----------"
    for field, text in described:
        yield f"{field}\n{textwrap.indent(text, '    ')}"


def _signature(thing: Any) -> str:
    signature = inspect.signature(thing)
    parameters = [one for one in signature.parameters.values() if one.name != "self"]
    text = str(signature.replace(parameters=parameters)).replace("'", "")
    # How Python 3.14 shows the annotations of a named tuple.
    return re.sub(r"ForwardRef\(([^()]+)\)", r"\1", text)


if __name__ == "__main__":
    DOCUMENT.write_text(described())
