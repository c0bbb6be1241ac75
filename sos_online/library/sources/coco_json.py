"""COCO-format instance JSON, read and checked before anything is taken from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sos_online.errors import SourceError

_Fields = dict[str, tuple[type, ...]]

_ID = (int, str)  # some files number their images with text
_REQUIRED: dict[str, _Fields] = {
    "images": {"id": _ID, "file_name": (str,)},
    "annotations": {"id": (int,), "image_id": _ID, "category_id": _ID},
    "categories": {"id": _ID, "name": (str,)},
}
_OPTIONAL: dict[str, _Fields] = {
    "images": {"width": (int, type(None)), "height": (int, type(None))},
    "annotations": {},
    "categories": {},
}
_SHOWN = {int: "a whole number", str: "a text", type(None): "null"}


def read_instances(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The file's content. Raises ``SourceError`` naming file, list, position and field that is missing or wrong."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise SourceError(f"{path}: cannot be read as JSON: {error}") from None
    for field in _REQUIRED:
        if not isinstance(content, dict) or not isinstance(content.get(field), list):
            raise SourceError(f"{path}: field {field!r}: expected a list, as in COCO instance files")
    for field, required in _REQUIRED.items():
        for position, entry in enumerate(content[field]):
            _check_entry(f"{path}: {field}[{position}]", entry, required, _OPTIONAL[field])
    checked: dict[str, list[dict[str, Any]]] = content
    return checked


def _check_entry(place: str, entry: object, required: _Fields, optional: _Fields) -> None:
    if not isinstance(entry, dict):
        raise SourceError(f"{place}: expected an object, found {entry!r}")
    for name, types in required.items():
        if name not in entry:
            raise SourceError(f"{place}: field {name!r} is missing")
        _check_type(place, name, entry[name], types)
    for name, types in optional.items():
        _check_type(place, name, entry.get(name), types)


def _check_type(place: str, name: str, value: object, types: tuple[type, ...]) -> None:
    if not isinstance(value, types):
        expected = " or ".join(_SHOWN[one] for one in types)
        raise SourceError(f"{place}: field {name!r}: expected {expected}, found {value!r}")
