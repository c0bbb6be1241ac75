"""``category/*.png``: one folder for each category, RGBA cut-outs in it, no words."""

from __future__ import annotations

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

_SUFFIXES = (".png", ".webp")


@dataclass(frozen=True, init=False)
class CategoryFolders:
    """Source of ``ROOT/CATEGORY/*.png`` (or ``.webp``). Pictures at another depth are left out.

    Attributes:
        root: the folder that holds the categories' folders.
        name: of the source in the library; the folder's name if empty.
        strip_digits: take digits at the end of a folder's name for no part of the category, as in published cut-outs
            of COCO (``person1`` and ``person 2`` are ``person``).
    """

    root: Path
    name: str
    strip_digits: bool

    def __init__(self, root: str | Path, name: str = "", strip_digits: bool = False) -> None:
        object.__setattr__(self, "root", Path(root))
        object.__setattr__(self, "name", name or self.root.resolve().name)
        object.__setattr__(self, "strip_digits", strip_digits)

    def settings(self) -> dict[str, Any]:
        return {"strip_digits": self.strip_digits}

    def units(self) -> Iterator[Unit]:
        found = False
        for path in self._pictures():
            folder, *below = path.relative_to(self.root).parts
            key = "/".join([folder, *below])
            if len(below) != 1:
                yield unit_left_out(key, "at another depth than CATEGORY/FILE")
                continue
            found = True
            category = self._category(folder)
            yield file_unit(key, path, 1, category) if category else unit_left_out(key, nameless(folder))
        if not found:
            raise SourceError(f"{self.root}: expected CATEGORY/*.png or *.webp below it, found none")

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        if isinstance(unit.payload, LeftOut):
            return [unit.payload]
        rgba = read_rgba(self.root / unit.name)
        return [LeftOut(unit.name, rgba) if isinstance(rgba, str) else RawSegment(unit.name, unit.payload, rgba)]

    def _category(self, folder: str) -> str:
        name = category_name(folder)
        return name.rstrip("0123456789").rstrip() if self.strip_digits else name

    def _pictures(self) -> Iterator[Path]:
        for entry in sorted(existing_folder(self.root, "a source of category/*.png").iterdir()):
            for path in sorted(entry.rglob("*")) if entry.is_dir() else [entry]:
                if path.suffix.lower() in _SUFFIXES:
                    yield path
