"""What is stored beside a target for people and other programs: names, words, where objects are from, the plan."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from torch import Tensor

from sos_online.data.stream import SampleStream
from sos_online.errors import BrokenSegmentError, CacheError
from sos_online.library import SegmentLibrary
from sos_online.types import Target, Words

_WORDS = tuple(field.name for field in fields(Words))


class SampleDescription:
    """More keys for a sample's ``KEY.json``; reading a target back needs none of them.

    Args:
        stream: one with a ``library`` gives words; one with ``scene(index, epoch)`` gives scenes. Of a mixture, the
            source that a sample is of does so.
        scene: add the scene, to samples whose source has one.

    Returns (when called):
        ``names``: of each row's category. ``words``: of each row, what its segment is known by, empty values left out.
        ``segments``: of each row, where its segment came from. ``scene``: the plan. Words and segments are there if the
        source has a library and the target ``segment_ids``.

    Raises:
        CacheError: scenes are asked for, and the stream has none; a label is of no category.
        BrokenSegmentError: a segment's words cannot be read, unless the stream goes on without what is broken.
    """

    def __init__(self, stream: SampleStream, *, scene: bool) -> None:
        if scene and not _has_scenes(stream):
            raise CacheError(f"settings: scene: expected false, as {type(stream).__name__} has no scenes")
        self._stream = stream
        self._scene = scene
        self._names = stream.category_names

    def __call__(self, target: Target, epoch: int, index: int) -> dict[str, Any]:
        labels = target["labels"].tolist()
        if labels and not (min(labels) >= 1 and max(labels) <= len(self._names)):
            raise CacheError(
                f"sample {index} of epoch {epoch}: labels: expected 1 … {len(self._names)}, as the stream has "
                f"categories, found {min(labels)} … {max(labels)}"
            )
        described: dict[str, Any] = {"names": [self._names[label - 1] for label in labels]}
        source, its_index, its_epoch = self._stream.origin(index, epoch)
        library, ids = getattr(source, "library", None), target.get("segment_ids")
        if isinstance(library, SegmentLibrary) and isinstance(ids, Tensor):
            strict = getattr(source, "on_error", "raise") == "raise"
            known = [_known_of(library, int(segment), strict=strict) for segment in ids.tolist()]
            described["words"] = [words for words, _ in known]
            described["segments"] = [key for _, key in known]
        if self._scene and hasattr(source, "scene"):
            described["scene"] = json.loads(source.scene(its_index, its_epoch).to_json())
        return described


def _has_scenes(stream: SampleStream) -> bool:
    if stream.origin(0, 0)[0] is stream:
        return hasattr(stream, "scene")
    return any(map(_has_scenes, stream.parts))


def _known_of(library: SegmentLibrary, segment: int, *, strict: bool) -> tuple[dict[str, Any], str | None]:
    """A segment's words and its key; none for what is no segment, such as an object of a real photo.

    One that is broken raises ``BrokenSegmentError`` if ``strict``; else nothing is known of it.
    """
    if not 0 <= segment < len(library):
        return {}, None
    try:
        words = library.words(segment)
        return {name: value for name in _WORDS if (value := getattr(words, name))}, library.key(segment)
    except BrokenSegmentError:
        if strict:
            raise
        return {}, None
