"""Photos and instance masks in two folders: 0 is background, k the k-th object, all of one category."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sos_online.errors import SourceError
from sos_online.library.sources.base import (
    IMAGE_SUFFIXES,
    SEGMENTS_PER_UNIT,
    CategoryFacts,
    LeftOut,
    RawSegment,
    Unit,
    existing_folder,
    file_state,
    slices,
    unit_left_out,
)
from sos_online.library.sources.reading.folders import Found, files_below, path_inside
from sos_online.library.sources.reading.pictures import read_labels, read_photo
from sos_online.library.sources.reading.regions import cut_out_regions, regions
from sos_online.ops.names import category_name

_GUESS = 4  # objects of a photo: how many there are is in its mask, which is not read to balance shards


@dataclass(frozen=True, slots=True)
class MaskPair:
    """The payload of a unit: which file is the photo's mask, its bytes and time of change, and which of its objects,
    in the order of their numbers, are this unit's; all of them if ``stop`` is None."""

    mask: str
    mask_state: tuple[int, int]
    start: int = 0
    stop: int | None = None


@dataclass(frozen=True, init=False)
class MaskPairs:
    """Source of photos with instance masks. A photo without a mask is left out, and so is a mask without a photo.

    The mask of ``IMAGES/a/b.jpg`` is ``MASKS/a/b.png`` or ``MASKS/a/b_mask.png``.

    Attributes:
        images: folder of the photos.
        masks: folder of the masks: PNG, grey of up to 16 bits or of a palette, whose pixels are numbers of objects.
        category: of all objects.
        mask_suffix: what the mask's name has after that of the photo, before ``.png``; None for either of the above.
        not_objects: numbers that are no object; besides 0 often 255, for a border that is not to be used.
        min_area: fewest mask pixels of a segment.
        name: of the source in the library; the name of the images' folder if empty.

    Raises:
        SourceError: ``category`` is empty.
    """

    images: Path
    masks: Path
    category: str
    mask_suffix: str | None
    not_objects: tuple[int, ...]
    min_area: int
    name: str

    def __init__(
        self,
        images: str | Path,
        masks: str | Path,
        category: str,
        mask_suffix: str | None = None,
        not_objects: Collection[int] = (0,),
        min_area: int = 256,
        name: str = "",
    ) -> None:
        if not category_name(category):
            raise SourceError(f"mask pairs: expected the name of a category, found {category!r}")
        vars(self).update(
            images=Path(images),
            masks=Path(masks),
            category=category_name(category),
            mask_suffix=mask_suffix,
            not_objects=tuple(sorted({0, *not_objects})),
            min_area=min_area,
            name=name or Path(images).resolve().name,
        )

    def settings(self) -> dict[str, Any]:
        return {"category": self.category, "not_objects": self.not_objects, "min_area": self.min_area}

    def units(self) -> Iterator[Unit]:
        existing_folder(self.masks, "the mask folder of mask pairs")
        suffixes, shared = self._suffixes(), self._share_a_folder()
        if not suffixes:
            raise SourceError(f"{self.masks}: photos and masks share a folder: expected a mask suffix")
        pairs = 0
        for photo in files_below(existing_folder(self.images, "the image folder of mask pairs"), IMAGE_SUFFIXES):
            if shared and photo.path.suffix == ".png" and self._has_photo(photo, suffixes):
                continue  # the mask of another one
            mask = self._mask_of(photo, suffixes)
            if photo.problem or mask is None:
                yield unit_left_out(photo.name, photo.problem or "no mask")
                continue
            pairs += 1
            yield from self._units_of(photo, mask)
        if not pairs:
            expected = " or ".join(f"NAME{suffix}.png" for suffix in suffixes)
            raise SourceError(f"{self.masks}: expected a mask {expected} for a photo NAME of {self.images}")
        for lone in files_below(self.masks, () if shared else (".png",)):
            if lone.problem or not self._has_photo(lone, suffixes):
                yield unit_left_out(lone.name, lone.problem or "no photo")

    def categories(self) -> Mapping[str, CategoryFacts]:
        return {}

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        if isinstance(unit.payload, LeftOut):
            return [unit.payload]
        pair: MaskPair = unit.payload
        labels = read_labels(self.masks / pair.mask)
        photo = labels if isinstance(labels, str) else read_photo(self.images / unit.name, *labels.shape[::-1])
        if isinstance(labels, str) or isinstance(photo, str):
            return [LeftOut(unit.name, str(photo))] if pair.start == 0 else []
        found = regions(labels, self.not_objects)[pair.start : pair.stop]
        named = ((region, f"{unit.name}#{region.label}", self.category) for region in found)
        return cut_out_regions(photo, labels, named, self.min_area)

    def _units_of(self, photo: Found, mask: Path) -> Iterator[Unit]:
        state, name = file_state(mask), mask.relative_to(self.masks).as_posix()
        if not _may_hold_many(mask):
            yield photo.unit(_GUESS, MaskPair(name, state))
            return
        labels = read_labels(mask)
        count = 1 if isinstance(labels, str) else len(regions(labels, self.not_objects))
        for start, stop in slices(count):
            yield photo.unit(stop - start, MaskPair(name, state, start, stop))

    def _suffixes(self) -> tuple[str, ...]:
        suffixes = ("", "_mask") if self.mask_suffix is None else (self.mask_suffix,)
        return tuple(suffix for suffix in suffixes if suffix or not self._share_a_folder())

    def _share_a_folder(self) -> bool:
        return self.images.resolve() == self.masks.resolve()

    def _mask_of(self, photo: Found, suffixes: Iterable[str]) -> Path | None:
        for suffix in suffixes:
            mask = path_inside(self.masks, "/".join([*photo.parts[:-1], f"{photo.path.stem}{suffix}.png"]))
            if mask is not None and mask.is_file():
                return mask
        return None

    def _has_photo(self, mask: Found, suffixes: Iterable[str]) -> bool:
        folder, name = self.images.joinpath(*mask.parts[:-1]), mask.path.stem
        stems = (name[: len(name) - len(suffix)] for suffix in suffixes if name.endswith(suffix))
        photos = (folder / f"{stem}{case}" for stem in stems for one in IMAGE_SUFFIXES for case in (one, one.upper()))
        return any(photo.is_file() for photo in photos)


def _may_hold_many(mask: Path) -> bool:
    """True unless a PNG's header states pixels of at most 8 bits: with more there can be more objects than a unit's."""
    with mask.open("rb") as file:
        header = file.read(25)
    return len(header) < 25 or 2 ** header[24] > SEGMENTS_PER_UNIT
