"""The released SOS/SOC layout: ``category/sub_category/ID.png`` and one JSON with the words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sos_online.errors import SourceError
from sos_online.library.sources.base import (
    LeftOut,
    RawSegment,
    Unit,
    category_name,
    existing_folder,
    file_unit,
    nameless,
    read_rgba,
    unit_left_out,
)
from sos_online.types import Words

METADATA = "object_segments_metadata.json"


@dataclass(frozen=True, init=False)
class SOSLayout:
    """Source of ``ROOT/CATEGORY/SUB_CATEGORY/ID.png``.

    Attributes:
        root: the folder that holds the categories' folders.
        metadata: JSON keyed ``CATEGORY_SUBCATEGORY`` with ``description``, ``short_phrase`` and ``features``;
            ``ROOT/object_segments_metadata.json`` if None, and then it may be absent.
        name: of the source in the library; the folder's name if empty.
    """

    root: Path
    metadata: Path | None
    name: str

    def __init__(self, root: str | Path, metadata: str | Path | None = None, name: str = "") -> None:
        object.__setattr__(self, "root", Path(root))
        object.__setattr__(self, "metadata", None if metadata is None else Path(metadata))
        object.__setattr__(self, "name", name or self.root.resolve().name)

    def settings(self) -> dict[str, Any]:
        return {}

    def units(self) -> Iterator[Unit]:
        words = self._read_metadata()
        found = False
        root = existing_folder(self.root, "a source in the SOS layout")
        for path in sorted(root.glob("*/*/*.png")):
            found = True
            category, sub_category, _ = name = path.relative_to(root).parts
            if not category_name(category):
                yield unit_left_out("/".join(name), nameless(category))
                continue
            entry = words.get(f"{category}_{sub_category}", {})
            yield file_unit("/".join(name), path, segments=1, payload=self._words(sub_category, entry))
        if not found:
            raise SourceError(f"{root}: expected CATEGORY/SUB_CATEGORY/ID.png below it, found none")

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        if isinstance(unit.payload, LeftOut):
            return [unit.payload]
        rgba = read_rgba(self.root / unit.name)
        if isinstance(rgba, str):
            return [LeftOut(unit.name, rgba)]
        return [RawSegment(unit.name, category_name(unit.name.split("/")[0]), rgba, unit.payload)]

    def _words(self, sub_category: str, entry: dict[str, Any]) -> Words:
        # released folders are named either by a phrase or by a bare number; a number says nothing
        sub_category = "" if sub_category.isdigit() else category_name(sub_category)
        features = entry.get("features") or []
        # one published file writes the list as a string
        listed = features.split(",") if isinstance(features, str) else features
        if not isinstance(listed, list):
            path = self.metadata or self.root / METADATA
            raise SourceError(f"{path}: features: expected a list of texts or one text, found {listed!r}")
        return Words(
            sub_category=sub_category,
            description=_text(entry.get("description")),
            short_phrase=_text(entry.get("short_phrase")),
            features=tuple(text for text in map(_text, listed) if text),
        )

    def _read_metadata(self) -> dict[str, dict[str, Any]]:
        path = self.metadata or self.root / METADATA
        if self.metadata is None and not path.is_file():
            return {}
        try:
            content = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise SourceError(f"{path}: cannot be read as JSON: {error}") from None
        if not isinstance(content, dict) or not all(isinstance(entry, dict) for entry in content.values()):
            raise SourceError(f"{path}: expected an object of objects keyed CATEGORY_SUBCATEGORY")
        return content


def _text(value: object) -> str:
    """What JSON says, as text; null says nothing."""
    return "" if value is None else str(value).strip()
