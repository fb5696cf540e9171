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
[an auditor's morning](../examples/auditor.md) asks the record.
"""


def described() -> str:
    """Give the text of the document."""
    return "\n".join([HEAD, *(line for name in asnrules.__all__ for line in _lines(name))])


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
