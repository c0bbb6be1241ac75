"""``category/*.png``: one folder for each category, RGBA cut-outs in it, no words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
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
from sos_online.library.sources.reading.allowed_images import AllowedImages
from sos_online.library.sources.reading.flags import FlagTable
from sos_online.library.sources.reading.folders import files_below
from sos_online.library.sources.reading.rgba_files import PICTURE_SUFFIXES, Label, read_file
from sos_online.ops.names import category_name


@dataclass(frozen=True, init=False)
class CategoryFolders:
    """Source of ``ROOT/CATEGORY/*.png`` (or ``.webp``). Pictures at another depth are left out.

    Attributes:
        root: the folder that holds the categories' folders.
        name: of the source in the library; the folder's name if empty.
        strip_digits: take digits at the end of a folder's name for no part of the category, as in published cut-outs
            of COCO (``person1`` and ``person 2`` are ``person``).
        only_images: names of images, with their suffix or without, that cut-outs may come from; all if None. A file's
            name begins with that of its image, see :class:`AllowedImages`.
        flags: a file of flags, see :class:`FlagTable`.

    Raises:
        SourceError: ``only_images`` is one text, which would be read letter by letter.
    """

    root: Path
    name: str
    strip_digits: bool
    only_images: AllowedImages | None
    flags: Path | None

    def __init__(
        self,
        root: str | Path,
        name: str = "",
        strip_digits: bool = False,
        only_images: Collection[str] | None = None,
        flags: str | Path | None = None,
    ) -> None:
        vars(self).update(
            root=Path(root),
            name=name or Path(root).resolve().name,
            strip_digits=strip_digits,
            only_images=None if only_images is None else AllowedImages.of(only_images),
            flags=None if flags is None else Path(flags),
        )

    def __getstate__(self) -> dict[str, Any]:
        """What reading needs: the names of images have done their work when the units are listed."""
        return {**vars(self), "only_images": None}

    def settings(self) -> dict[str, Any]:
        return {"strip_digits": self.strip_digits}

    def units(self) -> Iterator[Unit]:
        found = False
        flags = FlagTable(self.flags)
        for file in files_below(existing_folder(self.root, "a source of category/*.png"), PICTURE_SUFFIXES):
            said = flags.of(file.name)  # of all files: a file of flags need not know what the source is limited to
            if self.only_images is not None and not self.only_images.allows(file.parts[-1]):
                continue
            if len(file.parts) != 2 and not file.problem:
                yield unit_left_out(file.name, "at another depth than CATEGORY/FILE")
                continue
            found = True
            category = self._category(file.parts[0])
            if category or file.problem:
                yield file.unit(1, Label(category, flags=said))
            else:
                yield unit_left_out(file.name, NAMELESS)
        if not found:
            limit = "" if self.only_images is None else " that comes from one of the images to be used"
            raise SourceError(f"{self.root}: expected CATEGORY/*.png or *.webp below it{limit}, found none")
        flags.check_used()

    def categories(self) -> Mapping[str, CategoryFacts]:
        return {}

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        return read_file(self.root, unit)

    def _category(self, folder: str) -> str:
        name = category_name(folder)
        return name.rstrip("0123456789").rstrip() if self.strip_digits else name
