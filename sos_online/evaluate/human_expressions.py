"""Expressions that people wrote for photographs, to evaluate on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sos_online.errors import SOSError
from sos_online.evaluate.grounding import GroundingTruth
from sos_online.library.sources.base import existing_folder
from sos_online.library.sources.reading.folders import path_inside
from sos_online.library.sources.reading.records import read_json

Box = tuple[float, float, float, float]
_SLACK = 1.0  # pixels by which annotators and rounding go beyond an image


@dataclass(frozen=True)
class HumanExpression:
    """One expression and the objects that it means in one photograph.

    Attributes:
        image: file of the photograph.
        size_hw: its height and width in pixels, as the file of expressions states them.
        text: the expression.
        boxes: what is meant, half-open XYXY in pixels of the photograph; none if nothing is.
        others: objects of the same category that are not meant, as far as the file states them.
    """

    image: Path
    size_hw: tuple[int, int]
    text: str
    boxes: tuple[Box, ...]
    others: tuple[Box, ...]

    def truth(self) -> GroundingTruth:
        """What a model's answer is measured against."""
        return GroundingTruth(self.boxes, self.others)


def read_human_expressions(path: str | Path, images: str | Path) -> list[HumanExpression]:
    """Read a JSON list of expressions, in its order.

    Each entry has ``file_name`` (inside ``images``), ``height``, ``width``, ``expression`` and ``bbox_xyxy``: one box
    ``[x1, y1, x2, y2]``, a list of boxes, or ``null`` where nothing is meant. ``others_xyxy``, a list of boxes, may be
    absent. Other fields are not read.

    Args:
        path: the JSON file.
        images: folder of the photographs, each of which must be there; none is opened.

    Raises:
        SOSError: names the file, the entry and the field that is missing or wrong.
    """
    folder = existing_folder(Path(images), "the image folder of human expressions")
    content = read_json(Path(path))
    if not isinstance(content, list):
        raise SOSError(f"{path}: expected a list of expressions, found {type(content).__name__}")
    return [_expression(entry, folder, f"{path}: [{number}]") for number, entry in enumerate(content)]


def _expression(entry: Any, folder: Path, where: str) -> HumanExpression:
    if not isinstance(entry, Mapping):
        raise SOSError(f"{where}: expected an object, found {type(entry).__name__}")
    for field in ("file_name", "height", "width", "expression", "bbox_xyxy"):
        if field not in entry:
            raise SOSError(f"{where}: field {field!r} is missing")
    size_hw = _side(entry["height"], f"{where}: height"), _side(entry["width"], f"{where}: width")
    meant = entry["bbox_xyxy"]
    if meant is None:
        meant = []
    elif isinstance(meant, list) and meant and not isinstance(meant[0], list):
        meant = [meant]
    return HumanExpression(
        image=_image(entry["file_name"], folder, f"{where}: file_name"),
        size_hw=size_hw,
        text=_text(entry["expression"], f"{where}: expression"),
        boxes=_boxes(meant, size_hw, f"{where}: bbox_xyxy"),
        others=_boxes(entry.get("others_xyxy", []), size_hw, f"{where}: others_xyxy"),
    )


def _image(name: Any, folder: Path, where: str) -> Path:
    path = path_inside(folder, name) if isinstance(name, str) else None
    if path is None:
        raise SOSError(f"{where}: expected the name of a file inside {folder}, found {name!r}")
    if not path.is_file():
        raise SOSError(f"{where}: {str(path)!r} is not there")
    return path


def _side(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 2**31:
        raise SOSError(f"{where}: expected a whole number of pixels, found {value!r}")
    return value


def _text(value: Any, where: str) -> str:
    try:
        words = isinstance(value, str) and value.encode() and value.strip()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can hold and no tokenizer takes
        words = False
    if not words:
        raise SOSError(f"{where}: expected words, found {value!r}")
    return str(value)


def _boxes(value: Any, size_hw: tuple[int, int], where: str) -> tuple[Box, ...]:
    if not isinstance(value, list):
        raise SOSError(f"{where}: expected a list, found {value!r}")
    return tuple(_box(box, size_hw, where) for box in value)


def _box(value: Any, size_hw: tuple[int, int], where: str) -> Box:
    numbers = value if isinstance(value, list) else []
    if len(numbers) != 4 or any(isinstance(n, bool) or not isinstance(n, (int, float)) for n in numbers):
        raise SOSError(f"{where}: expected four numbers x1, y1, x2, y2, found {value!r}")
    x1, y1, x2, y2 = numbers
    height, width = size_hw
    # false for NaN, too
    if not (-_SLACK <= x1 < x2 <= width + _SLACK and -_SLACK <= y1 < y2 <= height + _SLACK):
        raise SOSError(f"{where}: expected x1 < x2 and y1 < y2 inside {width} x {height} pixels, found {value!r}")
    return float(x1), float(y1), float(x2), float(y2)
