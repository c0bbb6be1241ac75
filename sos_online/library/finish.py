"""From the parts of a build to one index: categories joined over sources, rows sorted, words stored once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sos_online.errors import LibraryError
from sos_online.library.arrow_files import flush_folder, map_table, write_atomically, write_table
from sos_online.library.encode import Encoding
from sos_online.library.fingerprint import content_fingerprint
from sos_online.library.format import FORMAT_VERSION, MANIFEST, Manifest, SourceReport
from sos_online.library.left_out import LeftOutCounts
from sos_online.library.sources import LeftOut
from sos_online.library.tables import write_tables
from sos_online.types import Words

_PART_SCHEMA = pa.schema(
    [
        ("key", pa.large_string()),
        ("category", pa.string()),
        ("words", pa.large_string()),  # JSON, empty where there are none
        ("width", pa.uint16()),
        ("height", pa.uint16()),
        ("opaque", pa.uint32()),
        ("slot", pa.int32()),
    ]
)


@dataclass(frozen=True, slots=True)
class PartRow:
    """One segment of a shard, before categories have ids."""

    key: str
    category: str
    words: Words
    size_wh: tuple[int, int]
    opaque: int
    slot: int


def write_part(parts: Path, number: int, rows: Sequence[PartRow], left_out: Sequence[LeftOut]) -> None:
    """Write a shard's rows; the file of segments last, since its presence says that all of the part is there."""
    LeftOutCounts(left_out).write(_left_out_path(parts, number))
    columns = {
        "key": [row.key for row in rows],
        "category": [row.category for row in rows],
        "words": [json.dumps(asdict(row.words), ensure_ascii=False) if row.words else "" for row in rows],
        "width": [row.size_wh[0] for row in rows],
        "height": [row.size_wh[1] for row in rows],
        "opaque": [row.opaque for row in rows],
        "slot": [row.slot for row in rows],
    }
    write_table(parts / f"{number:05d}.arrow", pa.table(columns, _PART_SCHEMA))


def part_is_written(parts: Path, number: int) -> bool:
    return (parts / f"{number:05d}.arrow").is_file()


def merge_parts(
    root: Path,
    part_sources: Sequence[int],
    *,
    source_names: Sequence[str],
    name: str,
    licence: str,
    encoding: Encoding,
    build_fingerprint: str,
) -> None:
    """Write all files of a library but its pixels, ``library.json`` last.

    Args:
        root: the library's folder, with ``parts/`` and ``pixels/`` complete.
        part_sources: for each part, in order, the position of its source.
        source_names, name, licence, encoding, build_fingerprint: for ``library.json``.
    """
    parts = root / "parts"
    batches = [map_table(parts / f"{number:05d}.arrow", _PART_SCHEMA) for number in range(len(part_sources))]
    table = pa.Table.from_batches(batches, _PART_SCHEMA)
    left_out = _left_out(parts, part_sources, len(source_names))
    if len(table) == 0:
        reasons = "; ".join(filter(None, map(str, left_out)))
        raise LibraryError(f"{root}: no segment could be taken from the sources ({reasons or 'they are empty'})")

    lengths = [len(batch) for batch in batches]
    source = np.repeat(np.asarray(part_sources, np.int16), lengths)
    shard = np.repeat(np.arange(len(batches), dtype=np.int32), lengths)
    names, category = _number_categories(table.column("category").combine_chunks())
    texts, text = _number_texts(table.column("words").combine_chunks())
    # stable: inside a category and source, the order of the parts
    order = np.lexsort((source, category))
    category, source = category[order], source[order]

    numeric = {column: table.column(column).to_numpy()[order] for column in ("width", "height", "opaque", "slot")}
    index = {"category": category, "source": source, "text": text[order], "shard": shard[order], **numeric}
    tables = write_tables(root, names, index, table.column("key").take(pa.array(order)), texts)

    taken = np.bincount(source, minlength=len(source_names)).tolist()
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        name=name,
        licence=licence,
        segments=len(table),
        categories=len(names),
        shards=len(batches),
        sources=tuple(
            SourceReport(name=source_name, taken=count, left_out=of_source.counts, examples=of_source.examples)
            for source_name, count, of_source in zip(source_names, taken, left_out, strict=True)
        ),
        encoding=encoding,
        tables=tables,
        fingerprint=content_fingerprint(root, tables, len(batches), source_names, encoding),
        build_fingerprint=build_fingerprint,
    )
    content = manifest.model_dump_json(indent=2).encode()
    # all names first, then the one that says that they are there
    flush_folder(root / "pixels")
    flush_folder(root)
    write_atomically(root / MANIFEST, lambda file: file.write(content + b"\n"))
    flush_folder(root)


def _number_categories(column: pa.Array) -> tuple[list[str], npt.NDArray[np.int32]]:
    """Names in the order of their ids, and each row's id. Names that differ only in case are one category, shown as
    the spelling that sorts first."""
    encoded = column.dictionary_encode()
    spellings: list[str] = encoded.dictionary.to_pylist()
    shown: dict[str, str] = {}
    for spelling in sorted(spellings):
        shown.setdefault(spelling.casefold(), spelling)
    ids = {folded: position + 1 for position, folded in enumerate(sorted(shown))}
    by_spelling = np.array([ids[spelling.casefold()] for spelling in spellings], np.int32)
    return [shown[folded] for folded in sorted(shown)], by_spelling[encoded.indices.to_numpy()]


def _number_texts(column: pa.Array) -> tuple[list[dict[str, object]], npt.NDArray[np.int32]]:
    """Every different set of words once, and each row's position among them (-1 = none)."""
    encoded = column.dictionary_encode()
    distinct: list[str] = encoded.dictionary.to_pylist()
    positions = np.full(len(distinct), -1, np.int32)
    entries: list[dict[str, object]] = []
    for position, text in enumerate(distinct):
        if text:
            positions[position] = len(entries)
            entries.append(json.loads(text))
    return entries, positions[encoded.indices.to_numpy()]


def _left_out(parts: Path, part_sources: Sequence[int], num_sources: int) -> list[LeftOutCounts]:
    """Of each source."""
    left_out = [LeftOutCounts() for _ in range(num_sources)]
    for number, source in enumerate(part_sources):
        left_out[source].add_file(_left_out_path(parts, number))
    return left_out


def _left_out_path(parts: Path, number: int) -> Path:
    return parts / f"{number:05d}.left_out.arrow"
