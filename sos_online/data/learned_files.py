"""Files of learned layouts: JSON, checked before anything is taken from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationError, model_validator

from sos_online.data.coco_boxes import read_coco_boxes
from sos_online.errors import SourceError
from sos_online.library.sources.reading.records import read_json
from sos_online.ops.names import fold
from sos_online.plan.layout import fit_layout
from sos_online.storage import write_atomically
from sos_online.types import LearnedLayout, Section
from sos_online.types.values import NonNegative, Share

FORMAT = "sos_online learned layout"
VERSION = 1

Count = Annotated[int, Field(ge=1, le=2**40)]
Objects = Annotated[int, Field(ge=1, le=10_000)]
Place = Share | None
Size = Annotated[float, Field(ge=-40, le=40)]
Shape = Annotated[float, Field(ge=-20, le=20)]
Spread = Annotated[float, Field(ge=0, le=40)]


class _Category(Section):
    name: Annotated[str, Field(min_length=1)]
    images: Count
    instances: Count
    spread: tuple[Spread, Spread, Spread, Spread]
    boxes: Annotated[tuple[tuple[Place, Place, Size, Shape], ...], Field(min_length=1)]


class _File(Section):
    """What a file holds; :class:`LearnedLayout` says what the numbers mean. ``null`` is a place where there is none."""

    format: Literal["sos_online learned layout"]
    version: Literal[1]
    fitted_on: str
    size_by_count: Annotated[float, Field(ge=-2, le=0)]
    repeat: Annotated[float, Field(ge=0, le=0.95)]
    objects: Annotated[tuple[tuple[Objects, Count], ...], Field(min_length=1)]
    categories: Annotated[tuple[_Category, ...], Field(min_length=1)]
    pairs: tuple[tuple[NonNegative, NonNegative, Annotated[float, Field(gt=0, le=2**40)]], ...]

    @model_validator(mode="after")
    def _hangs_together(self) -> _File:
        names = [category.name for category in self.categories]
        if len({fold(name) for name in names}) < len(names):
            raise ValueError("categories: expected names that differ, found two of one name")
        for position, category in enumerate(self.categories):
            if len(category.boxes) > category.instances or category.images > category.instances:
                raise ValueError(f"categories.{position}: more images or boxes than instances")
        sums = np.zeros(len(names))
        for position, (one, other, weight) in enumerate(self.pairs):
            if not one <= other < len(names):
                raise ValueError(f"pairs.{position}: expected positions of categories, the smaller first")
            sums[list({one, other})] += weight
        if len({(one, other) for one, other, _ in self.pairs}) < len(self.pairs):
            raise ValueError("pairs: expected each once")
        instances = np.array([category.instances for category in self.categories])
        if (sums > instances * 1.01 + 0.1).any():  # weights are rounded
            worst = int(np.argmax(sums - instances))
            raise ValueError(f"pairs: those of categories.{worst} weigh more than its instances")
        return self


def read_learned_layout(path: Path) -> LearnedLayout:
    """A file that :func:`write_learned_layout` wrote; or a COCO-format JSON, which is learnt from here and now.

    Raises:
        SourceError: naming the file and the field that is wrong.
    """
    try:
        with path.open("rb") as file:
            begins = file.read(256)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from None
    if FORMAT.encode() not in begins:
        coco = read_coco_boxes(path)
        return fit_layout(coco.table, coco.aspects)
    content = read_json(path)
    version = content.get("version") if isinstance(content, dict) else None
    if version != VERSION:
        raise SourceError(f"{path}: version: expected {VERSION}, found {version!r}: fit the layout with this version")
    try:
        return _as_arrays(_File.model_validate_json(path.read_bytes(), strict=True))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        where = f"{path}: {key}: {message}, found {first['input']!r:.80}" if key else f"{path}: {message}"
        raise SourceError(where) from None


def write_learned_layout(path: Path, learned: LearnedLayout, fitted_on: str) -> None:
    """Write what was learnt, and from what. Raises ``LibraryError`` naming the file if it cannot be written."""
    places = [[None if np.isnan(number) else round(number, 3) for number in box] for box in learned.boxes.tolist()]
    categories = [
        {
            "name": name,
            "images": int(learned.images[position]),
            "instances": int(learned.instances[position]),
            "spread": learned.spread[position].tolist(),
            "boxes": places[learned.box_starts[position] : learned.box_starts[position + 1]],
        }
        for position, name in enumerate(learned.names)
    ]
    head = {
        "format": FORMAT,
        "version": VERSION,
        "fitted_on": fitted_on,
        "size_by_count": learned.size_by_count,
        "repeat": learned.repeat,
        "objects": np.stack([learned.object_counts, learned.images_with], 1).tolist(),
    }
    pairs = list(zip(learned.pair_of.tolist(), learned.pair_with.tolist(), learned.pair_weight.tolist(), strict=True))
    # a line for each category, so that two files can be compared
    lines = [f"{_compact(key)}: {_compact(value)}" for key, value in head.items()]
    lines.append('"categories": [\n' + ",\n".join(map(_compact, categories)) + "\n]")
    lines.append(f'"pairs": {_compact(pairs)}')
    text = "{" + ",\n".join(lines) + "}\n"
    write_atomically(path, lambda file: file.write(text.encode()))


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _as_arrays(file: _File) -> LearnedLayout:
    objects = np.array(file.objects, np.int64)
    starts = np.cumsum([0, *(len(category.boxes) for category in file.categories)])
    # a place that is not there becomes NaN
    boxes = np.array([box for category in file.categories for box in category.boxes], np.float32)
    return LearnedLayout(
        names=tuple(fold(category.name) for category in file.categories),
        images=np.array([category.images for category in file.categories], np.int64),
        instances=np.array([category.instances for category in file.categories], np.int64),
        object_counts=objects[:, 0],
        images_with=objects[:, 1],
        pair_of=np.array([pair[0] for pair in file.pairs], np.int32),
        pair_with=np.array([pair[1] for pair in file.pairs], np.int32),
        pair_weight=np.array([pair[2] for pair in file.pairs], np.float64),
        repeat=file.repeat,
        size_by_count=file.size_by_count,
        boxes=boxes,
        box_starts=starts.astype(np.int64),
        spread=np.array([category.spread for category in file.categories], np.float64),
    )
