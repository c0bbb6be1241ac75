"""By what a scene, and a target made of it, are known again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sos_online.compose import VisibilityRule
from sos_online.data.asking.answer_format import key_of
from sos_online.types import Scene, SolidBackground, Target

_GREY = SolidBackground((127, 127, 127))
_BOX_KEY, _SEGMENT_KEY = "boxes", "segment_ids"


def scene_key(scene: Scene, rule: VisibilityRule) -> str:
    """What expressions of a scene are filed under: a hash of its objects, their order, the canvas, and what counts as
    visible. Background and light are not in it: nothing that an expression says depends on them."""
    objects = replace(scene, background=_GREY, light=None)
    return key_of(objects.to_json(), rule.model_dump_json())


def geometry_of(target: Target) -> dict[str, Any]:
    """Which segments a target's rows are and where, by which it is known again."""
    return {
        _SEGMENT_KEY: target["segment_ids"].tolist(),
        _BOX_KEY: [list(map(round, box)) for box in target["boxes"].tolist()],
    }


def has_rows_of(target: Target, geometry: dict[str, Any]) -> bool:
    """Whether a target's rows are those of the one that was asked about."""
    return bool(target["segment_ids"].tolist() == geometry.get(_SEGMENT_KEY))


def has_places_of(target: Target, geometry: dict[str, Any], within: int) -> bool:
    """Whether its rows also lie where they did, to so many pixels."""
    boxes = target["boxes"].tolist()
    stored = geometry.get(_BOX_KEY, [])
    return len(boxes) == len(stored) and all(
        abs(found - expected) <= within
        for box, before in zip(boxes, stored, strict=True)
        for found, expected in zip(box, before, strict=True)
    )
