"""Cut-outs that are image files: what their sources know of each, and how it becomes a segment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sos_online.library.sources.base import LeftOut, RawSegment, Unit
from sos_online.library.sources.reading.pictures import decode_rgba, read_rgba
from sos_online.types import Flag, Words

RGBA_SUFFIXES = (".png", ".webp")
PICTURE_SUFFIXES = (*RGBA_SUFFIXES, ".jpg", ".jpeg", ".bmp")  # the rest are listed too: to be left out by name


@dataclass(frozen=True, slots=True)
class Label:
    """What is known of a cut-out before it is read; the payload of its unit."""

    category: str
    words: Words = field(default_factory=Words)
    flags: Mapping[Flag, bool] = field(default_factory=dict)


def read_file(root: Path, unit: Unit) -> Iterable[RawSegment | LeftOut]:
    """The segment of a unit that is one image file, with a :class:`Label` for its payload."""
    if isinstance(unit.payload, LeftOut):
        return [unit.payload]
    label: Label = unit.payload
    rgba = read_rgba(root / unit.name)
    if isinstance(rgba, str):
        return [LeftOut(unit.name, rgba)]
    return [RawSegment(unit.name, label.category, rgba, label.words, label.flags)]


def from_bytes(key: str, label: Label, data: bytes) -> RawSegment | LeftOut:
    """The segment of an image file in memory."""
    rgba = decode_rgba(data)
    if isinstance(rgba, str):
        return LeftOut(key, rgba)
    return RawSegment(key, label.category, rgba, label.words, label.flags)
