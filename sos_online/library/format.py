"""The library's folder: names of its files, their columns, and ``library.json``.

library.json      format version, name, licence, counts, sources, encoding, size and checksum of each table,
                  fingerprints; written last: it makes a library whole
categories.arrow  one row a category, sorted by name; category id = row + 1
groups.arrow      one row for each range of rows that share a category and a source
index.arrow       one fixed-size row a segment, sorted by category, then source
keys.arrow        one row a segment: where it came from
texts.arrow       words, each set once; the index points here
pixels/N.arrow    one row for each stored level of a segment: JPEG, PNG, CRC-32 of each
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from pydantic import BaseModel, ValidationError

from sos_online.errors import LibraryError
from sos_online.library.encode import Encoding
from sos_online.types import Section

FORMAT_VERSION = 2

MANIFEST = "library.json"
CATEGORIES = "categories.arrow"
GROUPS = "groups.arrow"
INDEX = "index.arrow"
KEYS = "keys.arrow"
TEXTS = "texts.arrow"
BUILDING = "building.json"  # the mark of an unfinished build; no part of a library


def shard_path(root: Path, shard: int) -> Path:
    return root / "pixels" / f"{shard:05d}.arrow"


CATEGORIES_SCHEMA = pa.schema([("name", pa.string()), ("start", pa.int64()), ("stop", pa.int64())])
GROUPS_SCHEMA = pa.schema(
    [("category", pa.int32()), ("source", pa.int16()), ("start", pa.int64()), ("stop", pa.int64())]
)
INDEX_SCHEMA = pa.schema(
    [
        ("category", pa.int32()),  # id, 1-based
        ("source", pa.int16()),  # position in library.json's sources
        ("text", pa.int32()),  # row of texts.arrow, -1 = no words
        ("width", pa.uint16()),  # of the largest level, pixels
        ("height", pa.uint16()),
        ("opaque", pa.uint32()),  # pixels of alpha >= 128 at the largest level
        ("shard", pa.int32()),
        ("slot", pa.int32()),  # row of the smallest level in the shard
    ]
)
KEYS_SCHEMA = pa.schema([("key", pa.large_string())])
TEXTS_SCHEMA = pa.schema(
    [
        ("sub_category", pa.string()),
        ("description", pa.string()),
        ("short_phrase", pa.string()),
        ("features", pa.list_(pa.string())),
    ]
)
PIXELS_SCHEMA = pa.schema(
    [
        ("colour", pa.large_binary()),
        ("alpha", pa.large_binary()),
        ("colour_crc", pa.uint32()),  # CRC-32: a damaged JPEG may decode to a wrong picture without an error
        ("alpha_crc", pa.uint32()),
    ]
)


class SourceReport(Section):
    """What became of one source.

    Attributes:
        name: of the source.
        taken: segments taken.
        left_out: how many were left out, by reason.
        examples: keys of the first that were left out, by reason.
    """

    name: str
    taken: int
    left_out: dict[str, int]
    examples: dict[str, tuple[str, ...]]


class FileMark(Section):
    """How a table is recognised; see :func:`sos_online.library.file_marks.mark_file`."""

    size: int
    crc32: int


class Manifest(Section):
    """``library.json``.

    Attributes:
        fingerprint: of the content, see :func:`sos_online.library.fingerprint.content_fingerprint`.
        build_fingerprint: of the arguments and source files that it was built of, see
            :func:`sos_online.library.build.build_fingerprint`; recognises a repeated build, not the content.
    """

    format_version: int
    name: str
    licence: str
    segments: int
    categories: int
    shards: int
    sources: tuple[SourceReport, ...]
    encoding: Encoding
    tables: dict[str, FileMark]
    fingerprint: str
    build_fingerprint: str

    @staticmethod
    def read(root: Path) -> Manifest:
        """Raises ``LibraryError`` if the folder holds no library that this version reads."""
        path = root / MANIFEST
        if not path.is_file():
            raise LibraryError(_why_none(root))
        try:
            content = path.read_bytes()
            version = _FormatVersion.model_validate_json(content).format_version
            if version != FORMAT_VERSION:
                raise LibraryError(
                    f"format_version is {version}, this version of sos_online reads {FORMAT_VERSION}: "
                    "build the library anew, `sos-online library build`"
                )
            return Manifest.model_validate_json(content)
        except OSError as error:
            raise LibraryError(f"{path}: cannot be read: {error.strerror}") from None
        except LibraryError as error:
            raise LibraryError(f"{path}: {error}") from None
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "content"
            raise LibraryError(f"{path}: {field}: {first['msg']}") from None


def _why_none(root: Path) -> str:
    """What is wrong with a path that should be a library's folder and holds no ``library.json``."""
    if root.is_file():
        return f"{root}: not a segment library (it is a file; a library is a folder that holds {MANIFEST})"
    if not root.is_dir():
        found = "no such folder"
    elif (root / BUILDING).exists():
        found = "an unfinished build: the same build again goes on with it"
    else:
        found = "no such file in this folder; segments must first be built into a library: sos-online library build"
    return f"{root / MANIFEST}: not a segment library ({found})"


class _FormatVersion(BaseModel):
    format_version: int
