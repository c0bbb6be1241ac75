"""The library's folder: names of its files, their columns, and ``library.json``.

library.json        format version, name, licence, counts, sources, encoding, size and checksum of each table,
                    fingerprints, a checksum of its own; written last: it makes a library whole, and names the tables
                    that are in use
tables/N/           the N-th set of tables: all are made of ``rows/`` alone, anew whenever the library grows
    categories.arrow    one row a category, in the order of the ids: category id = row + 1
    aliases.arrow       folded names and synsets, and the name of the category that each stands for
    groups.arrow        one row for each range of segments that share a category and a source
    shards.arrow        one row a shard
    index.arrow         one fixed-size row a segment, sorted by category, then source: where it is
    quality.arrow       one fixed-size row a segment, in the same order: what it is worth
rows/N.arrow        one row for each segment of shard N: where it came from, its words, its measures
rows/N.left_out.arrow   what was left out while the shard was made
pixels/N.arrow      one row for each stored level of each segment of shard N: JPEG, PNG, CRC-32 of each

Shards are never rewritten: a library grows by new ones.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pyarrow as pa
from pydantic import ValidationError

from sos_online.errors import LibraryError
from sos_online.library.encode import Encoding
from sos_online.storage.sealed import seal, unseal
from sos_online.types import Section

FORMAT_VERSION = 4
_INDENT = 2

MANIFEST = "library.json"
CATEGORIES = "categories.arrow"
ALIASES = "aliases.arrow"
GROUPS = "groups.arrow"
SHARDS = "shards.arrow"
INDEX = "index.arrow"
QUALITY = "quality.arrow"
TABLES = (CATEGORIES, ALIASES, GROUPS, SHARDS, INDEX, QUALITY)
BUILDING = "building.json"  # the mark of an unfinished build; no part of a library


@lru_cache(maxsize=4096)  # asked for twice for each object of a sample
def shard_path(root: Path, shard: int) -> Path:
    return root / "pixels" / f"{shard:05d}.arrow"


def rows_path(root: Path, shard: int) -> Path:
    return root / "rows" / f"{shard:05d}.arrow"


def left_out_path(root: Path, shard: int) -> Path:
    return root / "rows" / f"{shard:05d}.left_out.arrow"


def tables_folder(root: Path, generation: int) -> Path:
    return root / "tables" / str(generation)


CATEGORIES_SCHEMA = pa.schema(
    [
        ("name", pa.string()),
        ("start", pa.int64()),
        ("stop", pa.int64()),  # = start where the category has no segment
        ("synset", pa.string()),  # and the rest as in ``sources.CategoryFacts``
        ("frequency", pa.string()),
        ("images", pa.int64()),
        ("of_images", pa.int64()),
        ("synonyms", pa.list_(pa.string())),
    ]
)
CATEGORIES_SCHEMA_WITH_SUPERCATEGORIES = CATEGORIES_SCHEMA.append(
    pa.field("supercategories", pa.list_(pa.string()))  # only where a source states any
)
ALIASES_SCHEMA = pa.schema([("alias", pa.string()), ("name", pa.string())])
GROUPS_SCHEMA = pa.schema(
    [("category", pa.int32()), ("source", pa.int16()), ("start", pa.int64()), ("stop", pa.int64())]
)
SHARDS_SCHEMA = pa.schema(
    [
        ("source", pa.int16()),
        ("segments", pa.int32()),
        ("rows_crc", pa.uint32()),  # CRC-32 of the file of its rows
        ("pixels_crc", pa.uint32()),  # CRC-32 of the checksums of its pixels
    ]
)
INDEX_SCHEMA = pa.schema(
    [
        ("category", pa.int32()),  # id, 1-based
        ("source", pa.int16()),  # position in library.json's sources
        ("width", pa.uint16()),  # of the largest level, pixels
        ("height", pa.uint16()),
        ("shard", pa.int32()),
        ("row", pa.int32()),  # in the shard's rows
        ("slot", pa.int32()),  # row of the smallest level in the shard's pixels
        (
            "check",
            pa.uint32(),
        ),  # CRC-32 of the others and of the row's number: the table is not read as a whole
    ]
)
MEASURED = [  # see ``types.quality``
    ("flags", pa.uint8()),
    ("flags_known", pa.uint8()),
    ("opaque", pa.uint32()),
    ("at_border", pa.uint8()),
    ("component_share", pa.float32()),
    ("edge_sharpness", pa.float32()),
    ("laplacian_variance", pa.float32()),
    ("perceptual_hash", pa.uint64()),
]
QUALITY_SCHEMA = pa.schema([*MEASURED, ("duplicate_of", pa.int32())])
ROWS_SCHEMA = pa.schema(
    [
        ("key", pa.large_string()),
        ("category", pa.dictionary(pa.int32(), pa.string())),  # as its source names it
        ("words", pa.dictionary(pa.int32(), pa.large_string())),  # JSON, empty where there are none
        ("width", pa.uint16()),
        ("height", pa.uint16()),
        ("slot", pa.int32()),
        *MEASURED,
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
        near_duplicates: of these, how many are marked as near-duplicates of others.
        left_out: how many were left out, by reason.
        examples: keys of the first that were left out, by reason.
    """

    name: str
    taken: int
    near_duplicates: int
    left_out: dict[str, int]
    examples: dict[str, tuple[str, ...]]


class FileMark(Section):
    """How a table is recognised; see :func:`sos_online.library.file_marks.mark_file`."""

    size: int
    crc32: int


class Manifest(Section):
    """``library.json``.

    Attributes:
        generation: number of the set of tables that is in use.
        fingerprint: of the content, see :func:`sos_online.library.fingerprint.content_fingerprint`.
        build_fingerprints: of what it was built of, and then of all that was appended, see
            :func:`sos_online.library.shard_plan.list_sources`; they recognise a repeated call, not the content.
    """

    format_version: int
    name: str
    licence: str
    segments: int
    categories: int
    shards: int
    sources: tuple[SourceReport, ...]
    encoding: Encoding
    generation: int
    tables: dict[str, FileMark]
    fingerprint: str
    build_fingerprints: tuple[str, ...]

    @staticmethod
    def read(root: Path) -> Manifest:
        """Raises ``LibraryError`` if the folder holds no library that this version reads."""
        path = root / MANIFEST
        if not path.is_file():
            raise LibraryError(_why_none(root))
        try:
            content = path.read_bytes()
        except OSError as error:
            raise LibraryError(f"{path}: cannot be read: {error.strerror}") from None
        return Manifest.parse(content, str(path))

    @staticmethod
    def parse(content: bytes, where: str) -> Manifest:
        """As :meth:`read`, of the content of the file ``where``."""
        document = unseal(
            content,
            where,
            version=FORMAT_VERSION,
            if_older="build the library anew, `sos-online library build`",
            error=LibraryError,
            indent=_INDENT,
        )
        try:
            return Manifest.model_validate(document)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "content"
            raise LibraryError(f"{where}: {field}: {first['msg']}") from None

    def to_bytes(self) -> bytes:
        """What :meth:`parse` reads."""
        return seal(self.model_dump(mode="json"), indent=_INDENT)


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
