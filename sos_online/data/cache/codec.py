"""A sample as the members of a shard, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError
from torch import Tensor
from torchvision.tv_tensors import Image

from sos_online.data.cache.format import CacheSettings, sample_key
from sos_online.data.cache.pictures import (
    MAX_ID,
    bgr_of,
    check_pixels,
    decode_map,
    decode_picture,
    encode_bgr,
    encode_ids,
    ids_of,
)
from sos_online.data.cache.target_json import decode_values, encode_values
from sos_online.data.lit_map import SEGMENTS_ONLY
from sos_online.errors import BrokenSampleError, CacheError
from sos_online.types import LightSpec, Pixels, Target

MAP, RECORD = "seg.png", "json"
_MAX_RECORD = 1 << 26  # bytes of KEY.json
_LIGHT, _PATCHES, _MAP_KEY = "light", "patches", "instance_map"


@dataclass(frozen=True)
class StoredSample:
    """A sample read from a shard.

    Attributes:
        image: uint8 ``[3, H, W]`` RGB.
        target: as it was stored; every value but the picture is the same to the bit, in any format.
        record: ``KEY.json`` as it is: also the words of the rows, where they are from, and the scene, if there.
    """

    image: Image
    target: Target
    record: dict[str, Any]


def suffixes(settings: CacheSettings) -> tuple[str, ...]:
    """Of a sample's members, in their order."""
    return settings.suffix, MAP, RECORD


@dataclass(frozen=True)
class CheckedSample:
    """A sample that can be stored. Nothing in it is the caller's: what gave it may write to its buffers again.

    Attributes:
        epoch, index: which sample of the stream.
        picture: uint8 ``[H, W, 3]``, channels as OpenCV has them.
        ids: the instance map, uint16 ``[H, W]``.
        record: ``KEY.json``.
        settings: how it is stored.
    """

    epoch: int
    index: int
    picture: Pixels
    ids: npt.NDArray[np.uint16]
    record: bytes
    settings: CacheSettings

    def encode(self) -> dict[str, bytes]:
        """Its members, by their suffixes. Raises ``CacheError`` if a picture cannot be encoded; names the sample."""
        where = sample_key(self.epoch, self.index)
        return {
            self.settings.suffix: encode_bgr(self.picture, self.settings, where),
            MAP: encode_ids(self.ids, where),
            RECORD: self.record,
        }


def check_sample(
    image: Tensor,
    target: Target,
    *,
    epoch: int,
    index: int,
    settings: CacheSettings,
    described: Mapping[str, Any] | None = None,
) -> CheckedSample:
    """A sample as it is stored, copied.

    Args:
        image: uint8 ``[3, H, W]`` RGB.
        target: tensors (numbers, boxes, masks), values that JSON can hold, and ``light`` if that is still pending.
        epoch, index: which sample of the stream.
        settings: how it is stored.
        described: more keys for ``KEY.json``, see :class:`SampleDescription`.

    Raises:
        CacheError: something cannot be stored; names the sample and the key.
    """
    where = sample_key(epoch, index)
    if _PATCHES in target:
        raise CacheError(
            f"{where}: target['patches']: objects that are still to be painted cannot be stored; "
            "set device.composite: false in the recipe"
        )
    instance_map, labels = target.get(_MAP_KEY), target.get("labels")
    if not isinstance(instance_map, Tensor) or not isinstance(labels, Tensor) or labels.ndim != 1:
        raise CacheError(
            f"{where}: target: expected labels [N] and an instance_map [H, W], found {', '.join(map(str, target))}: "
            "a cache keeps an instance map; open the set with masks (not masks=False, nor one of boxes alone)"
        )
    if instance_map.shape != image.shape[-2:] or len(labels) > MAX_ID:
        raise CacheError(
            f"{where}: instance_map: expected the image's size {list(image.shape[-2:])} and at most {MAX_ID} rows, "
            f"found {list(instance_map.shape)} and {len(labels)}"
        )
    as_text = {key: value for key, value in target.items() if key not in (_LIGHT, _MAP_KEY)}
    values, types = encode_values(as_text, tuple(instance_map.shape), where)
    record: dict[str, Any] = {
        "epoch": epoch,
        "index": index,
        "size_hw": list(image.shape[-2:]),
        "target": values,
        "types": types,
        "map_dtype": str(instance_map.dtype),
        **(described or {}),
    }
    if _LIGHT in target:
        record[_LIGHT] = _light_adapter().dump_python(target[_LIGHT], mode="json")
    text = json.dumps(record, separators=(",", ":"), allow_nan=False).encode()
    if len(text) > _MAX_RECORD:
        raise CacheError(f"{where}: target: expected at most {_MAX_RECORD} bytes as JSON, found {len(text)}")
    picture, ids = bgr_of(image, settings, where), ids_of(instance_map, len(labels), where)
    return CheckedSample(epoch, index, picture, ids, text, settings)


def decode_sample(
    members: Mapping[str, bytes], settings: CacheSettings, *, epoch: int, index: int, categories: int, where: str
) -> StoredSample:
    """Inverse of :func:`check_sample`, for members that anyone may have made.

    Args:
        members: by their suffixes, as ``tar_file.read_members`` gives them.
        settings: of the cache.
        epoch, index: which sample it must be.
        categories: how many there are.
        where: shard and sample, for messages.

    Raises:
        BrokenSampleError: naming the field that is wrong.
    """
    record = _parsed(members[RECORD], where)
    for key, expected in (("epoch", epoch), ("index", index)):
        if record.get(key) != expected:
            raise BrokenSampleError(f"{where}: {key}: expected {expected}, found {record.get(key)!r:.40}")
    size_hw = _size_of(record, where)
    values = decode_values(record.get("target"), record.get("types"), size_hw, where)
    _check_reserved(values, record, where)
    labels = values["labels"]
    if len(labels) and not (labels.min() >= 1 and labels.max() <= categories):
        raise BrokenSampleError(f"{where}: target.labels: expected 1 … {categories}, found {labels.tolist()!r:.80}")
    target: Target = {
        **values,
        _MAP_KEY: decode_map(members[MAP], size_hw, str(record.get("map_dtype")), len(labels), where),
    }
    if _LIGHT in record:
        target[_LIGHT] = _light_of(record[_LIGHT], where)
    return StoredSample(decode_picture(members[settings.suffix], size_hw, settings.suffix, where), target, record)


def _check_reserved(values: Target, record: dict[str, Any], where: str) -> None:
    """Raise ``BrokenSampleError`` for keys whose values the device stage would take for its own."""
    for key in (_LIGHT, _PATCHES, _MAP_KEY):
        if key in values:
            raise BrokenSampleError(f"{where}: target.{key}: expected no such key there, found {values[key]!r:.40}")
    if SEGMENTS_ONLY in values:
        ids = values.get("segment_ids")
        whole = isinstance(ids, Tensor) and ids.ndim == 1 and not ids.is_floating_point()
        if values[SEGMENTS_ONLY] is not True or _LIGHT not in record or not whole:
            raise BrokenSampleError(
                f"{where}: target.{SEGMENTS_ONLY}: expected true, beside light and segment_ids [N], "
                f"found {values[SEGMENTS_ONLY]!r:.40}"
            )


def _parsed(content: bytes, where: str) -> dict[str, Any]:
    try:
        if len(content) > _MAX_RECORD:
            raise ValueError(f"expected at most {_MAX_RECORD} bytes, found {len(content)}")
        record = json.loads(content, parse_constant=_no_number)
        if not isinstance(record, dict):
            raise ValueError("expected keys and their values")
    except (ValueError, RecursionError) as error:
        raise BrokenSampleError(f"{where}: {RECORD}: {error}") from None
    return record


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _size_of(record: dict[str, Any], where: str) -> tuple[int, int]:
    size = record.get("size_hw")
    if not isinstance(size, list) or len(size) != 2 or not all(type(side) is int and side > 0 for side in size):
        raise BrokenSampleError(f"{where}: size_hw: expected height and width, found {size!r:.40}")
    size_hw = size[0], size[1]
    check_pixels(size_hw, where)
    return size_hw


def _light_of(content: Any, where: str) -> LightSpec:
    try:
        return _light_adapter().validate_json(json.dumps(content), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        raise BrokenSampleError(f"{where}: light.{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


@cache
def _light_adapter() -> TypeAdapter[LightSpec]:
    return TypeAdapter(LightSpec)
