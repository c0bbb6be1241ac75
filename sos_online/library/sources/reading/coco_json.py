"""COCO-format instance JSON, and LVIS', read and checked before anything is taken from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sos_online.errors import SourceError
from sos_online.library.sources.reading.records import read_json

_Fields = dict[str, tuple[type, ...]]
Instances = dict[str, list[dict[str, Any]]]

_ID = (int, str)  # some files number their images with text
_REQUIRED: dict[str, _Fields] = {
    "images": {"id": _ID},
    "annotations": {"id": (int,), "image_id": _ID, "category_id": _ID},
    "categories": {"id": _ID, "name": (str,)},
}
_OPTIONAL: dict[str, _Fields] = {
    "images": {"width": (int, type(None)), "height": (int, type(None))},
    "annotations": {},
    "categories": {"synset": (str, type(None)), "frequency": (str, type(None)), "synonyms": (list, type(None))},
}
_SHOWN = {int: "a whole number", str: "a text", list: "a list", type(None): "null"}


def read_instances(path: Path, image_names: tuple[str, ...] = ("file_name",)) -> Instances:
    """The file's content; an image has one at least of the fields ``image_names``.

    Raises:
        SourceError: naming file, list, position and the field that is missing or wrong.
    """
    content = read_json(path)
    for field in _REQUIRED:
        if not isinstance(content, dict) or not isinstance(content.get(field), list):
            raise SourceError(f"{path}: field {field!r}: expected a list, as in COCO instance files")
    for field, required in _REQUIRED.items():
        for position, entry in enumerate(content[field]):
            _check_entry(f"{path}: {field}[{position}]", entry, required, _OPTIONAL[field])
    for position, image in enumerate(content["images"]):
        place = f"{path}: images[{position}]"
        named = [name for name in image_names if image.get(name) not in (None, "")]
        if not named:
            raise SourceError(f"{place}: field {' or '.join(map(repr, image_names))} is missing")
        for name in named:
            _check_type(place, name, image[name], (str,))
    known: set[Any] = set()
    for position, category in enumerate(content["categories"]):
        if category["id"] in known:
            raise SourceError(f"{path}: categories[{position}]: id {category['id']!r} is that of another category too")
        known.add(category["id"])
    checked: Instances = content
    return checked


def _check_entry(place: str, entry: object, required: _Fields, optional: _Fields) -> None:
    if not isinstance(entry, dict):
        raise SourceError(f"{place}: expected an object, found {entry!r:.80}")
    for name, types in required.items():
        if name not in entry:
            raise SourceError(f"{place}: field {name!r} is missing")
        _check_type(place, name, entry[name], types)
    for name, types in optional.items():
        _check_type(place, name, entry.get(name), types)


def _check_type(place: str, name: str, value: object, types: tuple[type, ...]) -> None:
    if not isinstance(value, types):
        expected = " or ".join(_SHOWN[one] for one in types)
        raise SourceError(f"{place}: field {name!r}: expected {expected}, found {value!r:.80}")
