"""What a source of segments is: something that lists its units of work and reads each of them on its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from sos_online.errors import SourceError
from sos_online.ops.names import as_unicode, fold
from sos_online.types import Flag, Pixels, Words

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
NAMELESS = "its folder's name leaves no name of a category"
SEGMENTS_PER_UNIT = 256


@dataclass(frozen=True, slots=True)
class RawSegment:
    """A segment as a source gives it.

    Attributes:
        key: where it came from; unique in its source.
        category: name of its category, see :func:`~sos_online.ops.names.category_name`.
        rgba: uint8 ``[h, w, 4]``, straight alpha; need not be cropped.
        words: what the source says about it.
        flags: what the source says of its quality; a flag that is not there is not known.
        at_border: whether the object reaches the border of the picture that it was cut from; None where ``rgba`` is
            that picture, so that its own border tells, unless it was cropped to the object.
    """

    key: str
    category: str
    rgba: Pixels
    words: Words = field(default_factory=Words)
    flags: Mapping[Flag, bool] = field(default_factory=dict)
    at_border: bool | None = None


@dataclass(frozen=True, slots=True)
class CategoryFacts:
    """What a source says about one of its categories.

    Attributes:
        synset: WordNet's name of the meaning, such as ``cup.n.01``; empty if not known.
        frequency: LVIS' class: ``r``, ``c`` or ``f``; empty if not known.
        images: in how many images of the source's annotation file it is; 0 if not known.
        of_images: how many images that file has; 0 if not known.
        synonyms: other names, as they come.
        supercategories: what the category belongs to, such as ``vehicle``, by all that say so.
    """

    synset: str = ""
    frequency: str = ""
    images: int = 0
    of_images: int = 0
    synonyms: tuple[str, ...] = ()
    supercategories: tuple[str, ...] = ()

    @property
    def supercategory(self) -> str:
        """The one that all name who name any; empty if there is none, or more than one."""
        return self.supercategories[0] if len(set(map(fold, self.supercategories))) == 1 else ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A segment that a source does not give, and why; ``reason`` is counted in the report."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest piece of work of a source, usually one file. It travels to another process on its own.

    Attributes:
        name: of the file, for the fingerprint of a build.
        size: bytes of the file, for the same.
        segments: how many segments it may hold; used to balance shards.
        payload: what the source's ``read`` needs; part of the fingerprint too.
        mtime_ns: when the file was changed, for the fingerprint: a changed file of the same size is noticed, and a file
            that was copied without its time is taken for a changed one. 0 if there is no file.
    """

    name: str
    size: int
    segments: int
    payload: Any
    mtime_ns: int = 0


def file_state(path: Path) -> tuple[int, int]:
    """Bytes and time of change of a file, ns; (0, 0) where there is none. A unit that is read from more files than one
    has those of the others in its payload."""
    if not path.is_file():
        return 0, 0
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def file_unit(name: str, path: Path, segments: int, payload: Any) -> Unit:
    """The unit of a file; what is there under a file's name but is none has size and time 0."""
    size, mtime_ns = file_state(path)
    return Unit(name, size, segments, payload, mtime_ns)


def unit_left_out(key: str, reason: str) -> Unit:
    """The unit of a segment that is left out when it is listed: its payload is what reading it gives."""
    key = as_unicode(key)  # some are from files that say anything
    return Unit(key, size=0, segments=0, payload=LeftOut(key, reason))


@runtime_checkable
class Source(Protocol):
    """A place where segments come from. ``units`` are listed in a fixed order; ``read`` depends on its unit alone.

    A build lists the units twice, one at a time, and never holds them all: so should a source.
    """

    @property
    def name(self) -> str: ...

    def settings(self) -> dict[str, Any]:
        """What decides, besides the units, which segments the source gives; part of a build's fingerprint."""
        ...

    def units(self) -> Iterator[Unit]:
        """Raises ``SourceError`` if there is nothing to read."""
        ...

    def categories(self) -> Mapping[str, CategoryFacts]:
        """What is known about categories, by their names as ``RawSegment.category`` has them; may be empty."""
        ...

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        """A unit's segments. ``OSError`` leaves the (rest of the) unit out; any other exception ends the build."""
        ...


def slices(count: int) -> Iterator[tuple[int, int]]:
    """The ranges of at most ``SEGMENTS_PER_UNIT`` that ``count`` segments of one file are cut into."""
    for start in range(0, count, SEGMENTS_PER_UNIT):
        yield start, min(start + SEGMENTS_PER_UNIT, count)


def existing_folder(path: Path, what: str) -> Path:
    if not path.is_dir():
        raise SourceError(
            f"{path}: {what} must be a folder; " + ("it is a file" if path.exists() else "it is not there")
        )
    return path
