"""The released SOS/SOC layout: ``category/sub_category/ID.png`` and one JSON with the words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sos_online.errors import SourceError
from sos_online.library.sources.base import (
    NAMELESS,
    CategoryFacts,
    LeftOut,
    RawSegment,
    Unit,
    existing_folder,
    unit_left_out,
)
from sos_online.library.sources.reading.flags import FlagTable
from sos_online.library.sources.reading.folders import files_below
from sos_online.library.sources.reading.records import read_json
from sos_online.library.sources.reading.rgba_files import PICTURE_SUFFIXES, Label, read_file
from sos_online.library.sources.reading.word_fields import words_of
from sos_online.ops.names import category_name
from sos_online.types import Words

METADATA = "object_segments_metadata.json"


@dataclass(frozen=True, init=False)
class SOSLayout:
    """Source of ``ROOT/CATEGORY/SUB_CATEGORY/ID.png``. Pictures at another depth are left out.

    Attributes:
        root: the folder that holds the categories' folders.
        metadata: JSON keyed ``CATEGORY_SUBCATEGORY`` with ``description``, ``short_phrase`` and ``features``;
            ``ROOT/object_segments_metadata.json`` if None, and then it may be absent.
        name: of the source in the library; the folder's name if empty.
        flags: a file of flags, see :class:`FlagTable`.
    """

    root: Path
    metadata: Path | None
    name: str
    flags: Path | None

    def __init__(
        self,
        root: str | Path,
        metadata: str | Path | None = None,
        name: str = "",
        flags: str | Path | None = None,
    ) -> None:
        vars(self).update(
            root=Path(root),
            metadata=None if metadata is None else Path(metadata),
            name=name or Path(root).resolve().name,
            flags=None if flags is None else Path(flags),
        )

    def settings(self) -> dict[str, Any]:
        return {}

    def units(self) -> Iterator[Unit]:
        words = self._read_metadata()
        flags = FlagTable(self.flags)
        found = False
        for file in files_below(existing_folder(self.root, "a source in the SOS layout"), PICTURE_SUFFIXES):
            if len(file.parts) != 3 and not file.problem:
                yield unit_left_out(file.name, "at another depth than CATEGORY/SUB_CATEGORY/FILE")
                continue
            found = True
            if file.problem:
                yield unit_left_out(file.name, file.problem)
                continue
            folder, sub_category, _ = file.parts
            category = category_name(folder)
            if category:
                described = self._words(sub_category, words.get(f"{folder}_{sub_category}", {}))
                yield file.unit(1, Label(category, described, flags.of(file.name)))
            else:
                yield unit_left_out(file.name, NAMELESS)
        if not found:
            raise SourceError(f"{self.root}: expected CATEGORY/SUB_CATEGORY/ID.png below it, found none")
        flags.check_used()

    def categories(self) -> Mapping[str, CategoryFacts]:
        return {}

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        return read_file(self.root, unit)

    def _words(self, sub_category: str, entry: dict[str, Any]) -> Words:
        # released folders are named either by a phrase or by a bare number; a number says nothing
        try:
            return words_of(entry, "" if sub_category.isdigit() else category_name(sub_category))
        except ValueError as error:
            raise SourceError(f"{self.metadata or self.root / METADATA}: {error}") from None

    def _read_metadata(self) -> dict[str, dict[str, Any]]:
        path = self.metadata or self.root / METADATA
        if self.metadata is None and not path.is_file():
            return {}
        content = read_json(path)
        if not isinstance(content, dict) or not all(isinstance(entry, dict) for entry in content.values()):
            raise SourceError(f"{path}: expected an object of objects keyed CATEGORY_SUBCATEGORY")
        return content
