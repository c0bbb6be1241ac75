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
    read_rgba,
)

_SUFFIXES = (".png", ".webp")


@dataclass(frozen=True, init=False)
class CategoryFolders:
    """Source of ``ROOT/CATEGORY/*.png`` (or ``.webp``).

    Attributes:
        root: the folder that holds the categories' folders.
        name: of the source in the library; the folder's name if empty.
    """

    root: Path
    name: str

    def __init__(self, root: str | Path, name: str = "") -> None:
        object.__setattr__(self, "root", Path(root))
        object.__setattr__(self, "name", name or self.root.resolve().name)

    def settings(self) -> dict[str, Any]:
        return {}

    def units(self) -> Iterator[Unit]:
        found = False
        for folder in sorted(path for path in existing_folder(self.root, "a source of category/*.png").iterdir()):
            if not folder.is_dir():
                continue
            for path in sorted(folder.iterdir()):
                if path.suffix.lower() in _SUFFIXES:
                    found = True
                    name = path.relative_to(self.root).as_posix()
                    yield file_unit(name, path, segments=1, payload=name)
        if not found:
            raise SourceError(f"{self.root}: expected CATEGORY/*.png or *.webp below it, found none")

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        rgba = read_rgba(self.root / unit.name)
        if isinstance(rgba, str):
            return [LeftOut(unit.name, rgba)]
        return [RawSegment(unit.name, category_name(unit.name.split("/")[0]), rgba)]
