"""A fingerprint of what a library gives, by which a saved position in a stream recognises it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from sos_online.library.arrow_files import map_table
from sos_online.library.encode import Encoding
from sos_online.library.format import FORMAT_VERSION, PIXELS_SCHEMA, FileMark, shard_path

_PIECE = 1 << 20


def content_fingerprint(
    root: Path, tables: Mapping[str, FileMark], shards: int, source_names: Sequence[str], encoding: Encoding
) -> str:
    """SHA-256 over all bytes of the tables and the checksums of all stored pixels.

    Equal for equal content, wherever and whenever it was built. The library's own name, its licence and what was left
    out are no part of it: a stream does not depend on them. It does on the names of sources, which a recipe may use.
    """
    marks = {name: mark.model_dump() for name, mark in tables.items()}
    header = [FORMAT_VERSION, list(source_names), encoding.model_dump(), marks]
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(tables):
        with (root / name).open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
    for shard in range(shards):
        batch = map_table(shard_path(root, shard), PIXELS_SCHEMA)
        for column in ("colour_crc", "alpha_crc"):
            digest.update(batch.column(column).to_numpy())
    return digest.hexdigest()
