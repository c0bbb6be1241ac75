"""The JSON beside an ADE20K photo: its objects, with what is said of each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sos_online.library.sources.reading.word_fields import features_of, text_of
from sos_online.ops.names import category_name
from sos_online.types import Words


@dataclass(frozen=True, slots=True)
class AdeObject:
    """One object, or part of one.

    Attributes:
        id: its number in the photo.
        names: of its category; the first is the one that is used, the others are synonyms.
        class_number: as in ``_seg.png``; 0 if it is not there.
        part_level: 0 for a whole object, 1 for a part of it, 2 for a part of a part.
        mask: of its own, a path from the folder of the JSON; empty if there is none.
        cropped: reaches over the border of the photo, as the annotator says.
        occluded: something hides a part of it; None if not said.
        words: the annotator's own name of it, and attributes.
    """

    id: int
    names: tuple[str, ...]
    class_number: int
    part_level: int
    mask: str
    cropped: bool
    occluded: bool | None
    words: Words


def read_ade_json(path: Path) -> list[AdeObject | None] | str:
    """The objects of a photo, None for one that cannot be understood; or why there are none."""
    data = path.read_bytes()
    try:
        content = json.loads(_text(data))
    except (ValueError, RecursionError):
        return "not readable as JSON"
    annotation = content.get("annotation") if isinstance(content, dict) else None
    listed = annotation.get("object") if isinstance(annotation, dict) else None
    if isinstance(listed, dict):  # one object alone is written without its list
        listed = [listed]
    return (
        list(map(_object, listed)) if isinstance(listed, list) else "no ADE20K annotation: expected annotation.object"
    )


def _text(data: bytes) -> str:
    """The published files are in ISO 8859-1; other tools write UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("iso-8859-1")


def _object(entry: Any) -> AdeObject | None:
    try:
        names = tuple(name for name in map(category_name, entry["name"].split(",")) if name)
        raw_name = category_name(text_of(entry, "raw_name"))
        return AdeObject(
            id=int(entry["id"]),
            names=names,
            class_number=int(entry.get("name_ndx") or 0),
            part_level=_part_level(entry.get("parts")),
            mask=text_of(entry, "instance_mask"),
            cropped=str(entry.get("crop")) == "1",
            occluded={"yes": True, "no": False}.get(str(entry.get("occluded")).lower()),  # [] if it is not said
            words=Words(
                sub_category="" if raw_name in names else raw_name, features=features_of(entry.get("attributes"))
            ),
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        return None


def _part_level(parts: object) -> int:
    return int(parts.get("part_level") or 0) if isinstance(parts, Mapping) else 0
