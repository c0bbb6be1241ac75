"""Records in JSON or CSV files, each under the name of what it is about."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sos_online.errors import SourceError
from sos_online.ops.names import as_key


def read_json(path: Path) -> Any:
    """A JSON file's content. Raises ``SourceError`` naming the file."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise SourceError(f"{path}: cannot be read as JSON: {error}") from None


def read_records(path: Path, name_fields: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Records by name.

    Args:
        path: ``.csv`` or ``.tsv`` with a line of column names; anything else is JSON: an object of records by their
            names, or a list of records.
        name_fields: the column or field that holds the name is the first of these that is there.

    Raises:
        SourceError: naming the file and the record that has no name, or one that another has too.
    """
    rows: Iterable[tuple[str, object, object]]
    if path.suffix.lower() in (".csv", ".tsv"):
        rows = _named(_read_csv(path, name_fields), name_fields)
    else:
        content = read_json(path)
        if isinstance(content, dict):
            rows = ((f"record {name!r}", name, record) for name, record in content.items())
        elif isinstance(content, list):
            rows = _named(((f"record {number}", record) for number, record in enumerate(content)), name_fields)
        else:
            raise SourceError(f"{path}: expected an object of records or a list of records, found {content!r:.80}")
    records: dict[str, dict[str, Any]] = {}
    for place, name, record in rows:
        if not isinstance(record, dict):
            raise SourceError(f"{path}: {place}: expected an object of fields, found {record!r:.80}")
        if not isinstance(name, str) or not name:
            raise SourceError(f"{path}: {place}: expected a text in the field {' or '.join(name_fields)}")
        if name in records:
            raise SourceError(f"{path}: {place}: there are two records of {name!r}")
        records[name] = record
    return records


def _named(rows: Iterable[tuple[str, object]], name_fields: Sequence[str]) -> Iterator[tuple[str, object, object]]:
    """The name is taken out of its record."""
    for place, record in rows:
        field = next((field for field in name_fields if isinstance(record, dict) and field in record), None)
        if field is None or not isinstance(record, dict):
            yield place, None, record
        else:
            yield place, record[field], {key: value for key, value in record.items() if key != field}


def _read_csv(path: Path, name_fields: Sequence[str]) -> Iterator[tuple[str, object]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True)
            columns = reader.fieldnames or ()
            if len(set(columns)) < len(columns) or not set(columns) & set(name_fields):
                expected = f"one column {' or '.join(name_fields)}, and none twice"
                raise SourceError(f"{path}: columns: expected {expected}; found {as_key(', '.join(columns)) or 'none'}")
            for record in reader:
                place = f"line {reader.line_num}"
                if None in record or None in record.values():
                    raise SourceError(f"{path}: {place}: expected {len(columns)} columns")
                yield place, record
    except (OSError, ValueError, csv.Error) as error:
        raise SourceError(f"{path}: cannot be read as a table: {error}") from None
