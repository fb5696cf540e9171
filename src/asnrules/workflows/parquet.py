"""Classifications as a Parquet table, written a group of rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, BinaryIO

from asnrules.util.environment import optional

_GROUP = 50_000


def write_classifications(
    documents: Iterable[Mapping[str, Any]], stream: BinaryIO, *, explain: bool = False
) -> int:
    """Write documents of classifications as Parquet, to a stream that need not seek; count them.

    Columns have the names of the keys. What is nested stays so: `published` is a struct,
    `associations` and, with `explain`, `rules` are lists of structs.

    Raises
    ------
    UsageError
        If pyarrow is not installed.
    """
    arrow = optional("pyarrow", "parquet", "Parquet tables")
    parquet = optional("pyarrow.parquet", "parquet", "Parquet tables")
    schema = _schema(arrow, explain)
    rows = iter(documents)
    count = 0
    with parquet.ParquetWriter(arrow.PythonFile(stream, mode="w"), schema) as writer:
        while group := list(islice(rows, _GROUP)):
            writer.write_table(arrow.Table.from_pylist(group, schema=schema))
            count += len(group)
    return count


def _schema(arrow: Any, explain: bool) -> Any:
    text, truth = arrow.string(), arrow.bool_()
    published = arrow.struct(
        [(name, text) for name in ("ruleset", "member_type", "special", "asn_type")]
    )
    associations = arrow.list_(arrow.struct([("asn_type", text), ("asn_rule", text)]))
    fields = [
        *((name, text) for name in ("filename", "exp_type", "member_type", "special")),
        ("published", published),
        ("associations", associations),
        ("agrees", truth),
        ("reason", text),
    ]
    if explain:
        rules = arrow.struct([("asn_rule", text), ("matched", truth), ("failed_condition", text)])
        fields.append(("rules", arrow.list_(rules)))
    return arrow.schema(fields)
