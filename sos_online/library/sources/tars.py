"""WebDataset tar shards of RGBA images: ``KEY.png`` with ``KEY.json``, ``KEY.cls`` or ``KEY.txt`` beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sos_online.errors import SourceError
from sos_online.library.sources.base import SEGMENTS_PER_UNIT, CategoryFacts, LeftOut, RawSegment, Unit, unit_left_out
from sos_online.library.sources.reading.flags import FlagTable, flags_of
from sos_online.library.sources.reading.folders import Found, file_or_folder
from sos_online.library.sources.reading.lines import read_lines
from sos_online.library.sources.reading.rgba_files import RGBA_SUFFIXES, Label, from_bytes
from sos_online.library.sources.reading.tar_index import Member, TarError, members
from sos_online.library.sources.reading.word_fields import words_of
from sos_online.ops.names import category_name
from sos_online.types import Flag

_IMAGES = tuple(suffix.removeprefix(".") for suffix in RGBA_SUFFIXES)
_TEXTS = ("json", "cls", "txt")
_MAX_BYTES = {**dict.fromkeys(_IMAGES, 1 << 28), **dict.fromkeys(_TEXTS, 1 << 20)}


@dataclass(frozen=True, slots=True)
class Sample:
    """The members of one sample, each ``(offset, size)`` in the archive by its suffix."""

    key: str
    members: dict[str, tuple[int, int]]
    flags: Mapping[Flag, bool] = field(default_factory=dict)


@dataclass(frozen=True, init=False)
class WebDatasetTars:
    """Source of tar archives, not compressed, in WebDataset's layout; consecutive files of one name are a sample.

    The image is ``png`` or ``webp`` with alpha. The category is the field ``category`` of ``json``, or else the text of
    ``cls``, or else ``category``, or else the text of ``txt``; where ``txt`` is not needed for that, it describes the
    segment. ``json`` may also have ``sub_category``, ``description``, ``short_phrase``, ``features`` and flags. A
    segment's key is ``FILE#KEY``.

    Members are read where they lie; links, names that lead out of the archive, and members that are too large are left
    out. Of a damaged archive the samples before the damage are taken.

    Attributes:
        path: one archive, or a folder whose ``*.tar`` are taken, those in folders below it too.
        category: of the samples that name none.
        class_names: text file of names, one a line: ``cls`` 0 is the first; ``cls`` is the name itself if None.
        name: of the source in the library; the name of the file without suffix, or of the folder, if empty.
        flags: a file of flags, see :class:`FlagTable`; it counts more than flags in ``json``.
    """

    path: Path
    category: str
    class_names: Path | None
    name: str
    flags: Path | None

    def __init__(
        self,
        path: str | Path,
        category: str = "",
        class_names: str | Path | None = None,
        name: str = "",
        flags: str | Path | None = None,
    ) -> None:
        vars(self).update(
            path=Path(path),
            category=category_name(category),
            class_names=None if class_names is None else Path(class_names),
            name=name or Path(path).resolve().name.removesuffix(".tar"),
            flags=None if flags is None else Path(flags),
        )

    def settings(self) -> dict[str, Any]:
        return {"category": self.category, "class_names": self._read_class_names()}

    def units(self) -> Iterator[Unit]:
        flags = FlagTable(self.flags)
        found = False
        for file in file_or_folder(self.path, (".tar",)):
            waiting: list[Sample] = []
            keys: set[str] = set()
            for item in [LeftOut(file.name, file.problem)] if file.problem else _samples(file):
                if isinstance(item, LeftOut):
                    yield unit_left_out(item.key, item.reason)
                    continue
                if item.key in keys:
                    yield unit_left_out(f"{file.name}#{item.key}", "two samples of one name")
                    continue
                found = True
                keys.add(item.key)
                waiting.append(Sample(item.key, item.members, flags.of(f"{file.name}#{item.key}")))
                if len(waiting) == SEGMENTS_PER_UNIT:
                    yield file.unit(len(waiting), waiting)
                    waiting = []
            if waiting:
                yield file.unit(len(waiting), waiting)
        if not found:
            raise SourceError(f"{self.path}: expected samples in *.tar (not compressed), found none")
        flags.check_used()

    def categories(self) -> Mapping[str, CategoryFacts]:
        return {}

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        if isinstance(unit.payload, LeftOut):
            yield unit.payload
            return
        names = self._read_class_names()
        name_of = None if names is None else {str(position): name for position, name in enumerate(names)}
        samples: list[Sample] = unit.payload
        with (self.path if self.path.is_file() else self.path / unit.name).open("rb") as file:
            for sample in samples:
                contents = {}
                for suffix, (offset, size) in sample.members.items():
                    file.seek(offset)
                    contents[suffix] = file.read(size)
                yield self._segment(f"{unit.name}#{sample.key}", contents, sample.flags, name_of)

    def _segment(
        self, key: str, contents: dict[str, bytes], stated: Mapping[Flag, bool], name_of: dict[str, str] | None
    ) -> RawSegment | LeftOut:
        try:
            record = json.loads(contents.get("json", b"{}"))
            number, text = (contents.get(suffix, b"").decode().strip() for suffix in ("cls", "txt"))
        except (ValueError, RecursionError):
            return LeftOut(key, "json, cls or txt not readable")
        if not isinstance(record, dict):
            return LeftOut(key, "json is no object")
        if number and name_of is not None:
            if number not in name_of:
                return LeftOut(key, "cls has no name in the file of class names")
            number = name_of[number]
        named = record.get("category")
        category = category_name(named if isinstance(named, str) else "") or category_name(number) or self.category
        if category and text:
            record.setdefault("description", text)
        category = category or category_name(text)
        if not category:
            return LeftOut(key, "no category")
        try:
            label = Label(category, words_of(record), {**flags_of(record), **stated})
        except ValueError as error:
            return LeftOut(
                key, str(error).partition(", found ")[0]
            )  # what is expected; what is found differs from one to another
        return from_bytes(key, label, next(contents[suffix] for suffix in _IMAGES if suffix in contents))

    def _read_class_names(self) -> list[str] | None:
        return None if self.class_names is None else read_lines(self.class_names)


def _samples(file: Found) -> Iterator[Sample | LeftOut]:
    """The samples of an archive, and what is left out of it, in their order."""
    key = ""
    group: list[tuple[str, Member]] = []
    try:
        for member in members(file.path):
            folder, slash, name = member.name.rpartition("/")
            stem, _, suffix = name.partition(".")
            if key != (key := f"{folder}{slash}{stem}") and group:
                yield _sample(file, group)
                group = []
            group.append((suffix.lower(), member))
        if group:
            yield _sample(file, group)
    except TarError as error:
        if group:  # it may go on where the archive does not
            yield LeftOut(_shown(file, key), str(error))
        yield LeftOut(file.name, str(error))


def _sample(file: Found, group: list[tuple[str, Member]]) -> Sample | LeftOut:
    folder, slash, name = group[0][1].name.rpartition("/")
    key = f"{folder}{slash}{name.partition('.')[0]}"
    used = [(suffix, member) for suffix, member in group if suffix in _MAX_BYTES]
    if len({suffix for suffix, _ in used}) < len(used):
        return LeftOut(_shown(file, key), "two members of one name")
    for _, member in used:
        if member.problem:
            return LeftOut(_shown(file, key), member.problem)
    if not any(suffix in _IMAGES for suffix, _ in used):
        return LeftOut(_shown(file, key), "no png or webp in the sample")
    if any(member.size > _MAX_BYTES[suffix] for suffix, member in used):
        return LeftOut(_shown(file, key), "a member is too large")
    return Sample(key, {suffix: (member.offset, member.size) for suffix, member in used})


def _shown(file: Found, key: str) -> str:
    return f"{file.name}#{key}".encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
