"""Members of a sample that are not what they should be."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sos_online.data.cache.codec import MAP, RECORD
from sos_online.data.cache.format import CacheSettings
from sos_online.errors import BrokenSampleError, CacheError
from tests.data.cache.made_up import made_up_target
from tests.data.cache.members import decode, encode, png_header

GREY = torch.zeros(1, 8, 9, dtype=torch.uint8)


@pytest.mark.parametrize("image", [torch.zeros(3, 8, 9), GREY], ids=["float", "grey"])
def test_a_picture_that_cannot_be_stored(image: torch.Tensor) -> None:
    with pytest.raises(CacheError, match=r"^0002-000000007: image: expected uint8 \[3, H, W\] on cpu, found torch"):
        encode(image, made_up_target(2, (8, 9))[1])


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, bytes]:
    """Members of two objects on 8 x 9 pixels whose record was changed."""
    image, target = made_up_target(2, (8, 9))
    members = encode(image, target)
    record = json.loads(members[RECORD])
    change(record)
    return {**members, RECORD: json.dumps(record).encode()}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.update(epoch=3), "epoch: expected 2, found 3"),
        (lambda r: r.update(index="7"), "index: expected 7, found '7'"),
        (lambda r: r.pop("size_hw"), "size_hw: expected height and width, found None"),
        (lambda r: r.update(size_hw=[8, 9.0]), "size_hw: expected height and width"),
        (lambda r: r.update(size_hw=[10**6, 10**6]), "size_hw: expected at most 67108864 pixels"),
        (lambda r: r.update(size_hw=[9, 8]), "target.masks: expected .* masks of the picture's size"),
        (lambda r: r.pop("target"), "target: expected values and their types"),
        (lambda r: r["types"].update(none=["tensor", "int64", []]), "target: expected values and their types"),
        (lambda r: r["types"].update(labels="int64"), "target.labels: type: expected kind"),
        (lambda r: r["types"]["labels"].__setitem__(1, "object"), "target.labels: type: expected kind"),
        (lambda r: r["types"]["labels"].__setitem__(2, [10**12]), "target.labels: type: expected kind"),
        (lambda r: r["types"]["labels"].__setitem__(2, [2**30, 2**30]), "target.labels: expected at most"),
        (lambda r: r["target"].update(labels=[1, 2, 3]), "target.labels: expected torch.int64"),
        (lambda r: r["target"].update(labels=[1, 1.5]), "target.labels: expected torch.int64"),
        (lambda r: r["target"].update(labels=[1, "2"]), "target.labels: expected torch.int64"),
        (lambda r: r["target"].update(labels=[1, [2]]), "target.labels: "),
        (lambda r: r["target"].update(labels=[1, 2**70]), "target.labels: expected torch.int64"),
        # an array of these would be a thousand times as large as they are
        (
            lambda r: r["target"].update(labels=["x" * 1_000_000] + [1] * 1_000_000),
            "target.labels: expected torch.int64",
        ),
        (lambda r: r["target"].update(visibility=["x" * 1_000_000] * 2), "target.visibility: expected torch.float32"),
        (lambda r: r["target"].update(labels=[1, 5]), r"target.labels: expected 1 … 4, found \[1, 5\]"),
        (lambda r: r["target"].update(labels=[0, 1]), "target.labels: expected 1 … 4"),
        (lambda r: r["target"].update(visibility=[0.5, 0.1]), "target.visibility: expected numbers of torch.float32"),
        (lambda r: (r["target"].pop("labels"), r["types"].pop("labels")), "target.boxes: .* as many rows as labels"),
        (lambda r: (r["target"].update(area=[1]), r["types"]["area"].__setitem__(2, [1])), "target.area: .* rows"),
        (lambda r: r["target"]["boxes"][0].pop(), "target.boxes: "),
        (lambda r: r["types"]["area"].__setitem__(0, "boxes"), r"target.area: expected boxes \[N, 4\]"),
        (lambda r: r["target"]["masks"][1].update(counts="0"), "target.masks: 1: no valid RLE"),
        (lambda r: r["target"]["masks"][1].update(size=[4000, 4000]), "target.masks: 1: no valid RLE"),
        (lambda r: r["target"]["masks"].__setitem__(1, [[0, 0, 9, 0, 9, 9]]), "target.masks: 1: no valid RLE"),
        (lambda r: r.update(map_dtype="torch.float32"), "instance_map: dtype: expected"),
        (lambda r: r.update(light={"relighter": "magic"}), "light.relighter: Input should be"),
        (lambda r: r.update(light={"seed": "1"}), "light.seed: Input should be a valid integer"),
        (lambda r: r.update(light=7), "light.: Input should be"),
    ],
)
def test_a_record_that_says_something_else(change: Callable[[dict[str, Any]], object], message: str) -> None:
    with pytest.raises(BrokenSampleError, match=f"^s.tar: sample k: {message}"):
        decode(changed(change))


@pytest.mark.parametrize(
    "content",
    [b"", b"[1]", b"{", b"\xff", b"[" * 100_000, b'{"a": NaN}', b'{"a": ' + b"9" * 5000 + b"}"],
    ids=["empty", "list", "cut", "no text", "deep", "nan", "long number"],
)
def test_a_record_that_is_no_json(content: bytes) -> None:
    members = changed(dict)
    with pytest.raises(BrokenSampleError, match=r"^s.tar: sample k: json: "):
        decode({**members, RECORD: content})


def test_a_picture_of_another_size_is_never_decoded() -> None:
    members = changed(dict)
    for suffix in ("png", MAP):
        with pytest.raises(BrokenSampleError, match="expected 9 x 8 pixels, found 60000 x 60000"):
            decode({**members, suffix: png_header(60000, 60000)})
        with pytest.raises(BrokenSampleError, match=r"expected a PNG, found (no picture|WEBP)"):
            decode({**members, suffix: b"GIF89a"})


def test_pictures_of_other_kinds() -> None:
    members = changed(dict)
    with pytest.raises(BrokenSampleError, match="instance_map: expected grey of 16 bits, found uint8"):
        decode({**members, MAP: members["png"]})
    ids = encode(*made_up_target(5, (8, 9)))[MAP]
    with pytest.raises(BrokenSampleError, match="instance_map: expected ids 0 … 2, found 5"):
        decode({**members, MAP: ids})
    webp = encode(*made_up_target(2, (8, 9)), CacheSettings(image_format="webp"))["webp"]
    with pytest.raises(BrokenSampleError, match="expected a PNG, found WEBP"):
        decode({**members, "png": webp})


@settings(max_examples=150)
@given(data=st.data())
def test_damage_is_an_error_of_ours_or_harmless(data: st.DataObject) -> None:
    """Whatever byte changes in whatever member, nothing but ``BrokenSampleError`` comes out of it."""
    members = changed(dict)
    suffix = data.draw(st.sampled_from(sorted(members)))
    content = bytearray(members[suffix])
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        stored = decode({**members, suffix: bytes(content)})
    except BrokenSampleError:
        return
    assert stored.image.shape == (3, 8, 9)


@pytest.mark.parametrize(
    ("key", "value"), [("patches", [1]), ("light", 5), ("instance_map", []), ("light_on_segments", True)]
)
def test_keys_that_the_device_stage_would_take_for_its_own_are_refused(key: str, value: Any) -> None:
    members = encode(*made_up_target(2, (8, 9)))
    record = json.loads(members["json"])
    record["target"][key] = value
    with pytest.raises(BrokenSampleError, match=f"target.{key}: expected"):
        decode({**members, "json": json.dumps(record).encode()})


def test_boxes_alone_cannot_be_stored() -> None:
    image, target = made_up_target(2, (8, 9))
    del target["instance_map"]
    with pytest.raises(CacheError, match="a cache keeps an instance map; open the set with masks"):
        encode(image, target)
