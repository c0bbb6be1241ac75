"""A fingerprint of what a library gives, by which a saved position in a stream recognises it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from sos_online.library.encode import Encoding
from sos_online.library.format import FORMAT_VERSION, FileMark

_PIECE = 1 << 20


def content_fingerprint(
    tables: Path, marks: Mapping[str, FileMark], source_names: Sequence[str], encoding: Encoding
) -> str:
    """SHA-256 over all bytes of the tables, which hold checksums of all rows, which hold checksums of all pixels.

    Equal for equal content, wherever and whenever it was built. The library's own name, its licence and what was left
    out are no part of it: a stream does not depend on them. It does on the names of sources, which a recipe may use.
    """
    marked = {name: mark.model_dump() for name, mark in marks.items()}
    header = [FORMAT_VERSION, list(source_names), encoding.model_dump(), marked]
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(marks):
        with (tables / name).open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
    return digest.hexdigest()
