"""What a source of segments is: something that lists its units of work and reads each of them on its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from sos_online.errors import SourceError
from sos_online.library.sources.picture_size import TOO_LARGE, is_too_large
from sos_online.types import Pixels, Words

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")


@dataclass(frozen=True, slots=True)
class RawSegment:
    """A segment as a source gives it.

    Attributes:
        key: where it came from; unique in its source.
        category: name of its category, see :func:`category_name`.
        rgba: uint8 ``[h, w, 4]``, straight alpha; need not be cropped.
        words: what the source says about it.
    """

    key: str
    category: str
    rgba: Pixels
    words: Words = field(default_factory=Words)


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


def file_unit(name: str, path: Path, segments: int, payload: Any) -> Unit:
    """The unit of a file; what is there under a file's name but is none has size and time 0."""
    if not path.is_file():
        return Unit(name, 0, segments, payload)
    status = path.stat()
    return Unit(name, status.st_size, segments, payload, status.st_mtime_ns)


def unit_left_out(key: str, reason: str) -> Unit:
    """The unit of a segment that is left out when it is listed: its payload is what reading it gives."""
    return Unit(key, size=0, segments=0, payload=LeftOut(key, reason))


class Source(Protocol):
    """A place where segments come from. ``units`` are listed in a fixed order; ``read`` depends on its unit alone."""

    @property
    def name(self) -> str: ...

    def settings(self) -> dict[str, Any]:
        """What decides, besides the units, which segments the source gives; part of a build's fingerprint."""
        ...

    def units(self) -> Iterator[Unit]:
        """Raises ``SourceError`` if there is nothing to read."""
        ...

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        """A unit's segments. ``OSError`` leaves the (rest of the) unit out; any other exception ends the build."""
        ...


def category_name(name: str) -> str:
    """A category's name as shown: Unicode composed, underscores as spaces, single blanks. Case is kept here;
    categories that differ only in case are joined when the library is written."""
    return re.sub(r"[\s_]+", " ", unicodedata.normalize("NFC", name)).strip()


def nameless(folder: str) -> str:
    """Why a folder's segments are left out if :func:`category_name` leaves nothing of its name."""
    return f"the folder's name {folder!r} leaves no name of a category"


def existing_folder(path: Path, what: str) -> Path:
    if not path.is_dir():
        raise SourceError(
            f"{path}: {what} must be a folder; " + ("it is a file" if path.exists() else "it is not there")
        )
    return path


def read_rgba(path: Path) -> Pixels | str:
    """An image file with alpha as uint8 ``[h, w, 4]`` RGBA, or the reason why it is none."""
    if not path.is_file():
        return "not a file"
    data = path.read_bytes()
    if not data:
        return "empty file"
    if is_too_large(data):
        return TOO_LARGE
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        return "not a readable image"
    if image.ndim != 3 or image.shape[2] != 4:
        return "no alpha channel"
    if image.dtype == np.uint16:
        image = (image // 257).astype(np.uint8)
    if image.dtype != np.uint8:
        return f"pixels of type {image.dtype}"
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA), np.uint8)
