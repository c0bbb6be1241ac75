"""Scenes as JSON: every scene comes back as it was, and what is wrong is refused by name."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.errors import StreamError
from sos_online.types import (
    GradientBackground,
    NoiseBackground,
    PhotoBackground,
    Placement,
    Scene,
    SolidBackground,
    Words,
)

COLOURS = st.tuples(*[st.integers(0, 255)] * 3)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
POSITIVE = st.floats(0, exclude_min=True, allow_infinity=False)
SHARE = st.floats(0, 1, exclude_min=True)
BACKGROUNDS = {
    "solid": st.builds(SolidBackground, COLOURS),
    "gradient": st.builds(GradientBackground, COLOURS, COLOURS, angle=FINITE),
    "noise": st.builds(NoiseBackground, COLOURS, amplitude=POSITIVE, grain=POSITIVE, seed=st.integers(0, 2**63 - 1)),
    "photo": st.builds(
        PhotoBackground, photo=st.integers(0, 2**40), zoom=SHARE, x=SHARE, y=SHARE, flip_x=st.booleans()
    ),
}
STARTS, SIDES = st.integers(-(2**31), 2**31), st.integers(1, 2**31)
PLACEMENTS = st.builds(
    Placement,
    segment=st.integers(0, 2**40),
    category=st.integers(1, 2**31),
    box=st.builds(lambda x, y, w, h: (x, y, x + w, y + h), STARTS, STARTS, SIDES, SIDES),
    flip_x=st.booleans(),
    flip_y=st.booleans(),
    angle=FINITE,
)
PLACEMENT = {"segment": 5, "category": 2, "box": [-1, 0, 7, 9], "flip_x": True, "flip_y": False, "angle": -12.5}
KINDS: dict[str, dict[str, Any]] = {
    "solid": {"kind": "solid", "colour": [1, 2, 3]},
    "gradient": {"kind": "gradient", "start": [1, 2, 3], "end": [4, 5, 6], "angle": 30.0},
    "noise": {"kind": "noise", "colour": [1, 2, 3], "amplitude": 4.0, "grain": 8.0, "seed": 2**63 - 1},
    "photo": {"kind": "photo", "photo": 3, "zoom": 0.5, "x": 0.25, "y": 0.75, "flip_x": True},
}
Path = tuple[str | int, ...]


def scene_json(kind: str = "solid") -> dict[str, Any]:
    content = {"size_hw": [40, 50], "background": KINDS[kind], "placements": [PLACEMENT, PLACEMENT]}
    fresh: dict[str, Any] = json.loads(json.dumps(content))
    return fresh


def changed(content: dict[str, Any], path: Path, value: object) -> str:
    """JSON with the value at ``path`` set, or taken away if it is ``...``."""
    place: Any = content
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(content)


# round trips


@pytest.mark.parametrize("kind", BACKGROUNDS)
@given(data=st.data())
def test_scene_round_trip(kind: str, data: st.DataObject) -> None:
    """To the bit, floats too; from text and from bytes; the kind of the background stays."""
    scene = Scene(
        size_hw=data.draw(st.tuples(st.integers(1, 10**5), st.integers(1, 10**5))),
        background=data.draw(BACKGROUNDS[kind]),
        placements=tuple(data.draw(st.lists(PLACEMENTS, max_size=4))),
    )
    text = scene.to_json()
    for given_text in (text, text.encode()):
        again = Scene.from_json(given_text)
        assert again == scene
        assert type(again.background) is type(scene.background)
        assert again.to_json() == text
    assert "\n" not in text
    assert json.loads(text)["background"]["kind"] == kind


def test_scene_survives_pickling_hashing_and_is_frozen() -> None:
    scene = Scene.from_json(json.dumps(scene_json()))
    assert pickle.loads(pickle.dumps(scene)) == scene
    assert hash(scene) == hash(Scene.from_json(scene.to_json()))
    with pytest.raises(AttributeError):
        scene.size_hw = (1, 1)  # type: ignore[misc]


def test_scene_json_is_what_it_was() -> None:
    """Stored scenes must stay readable: names and order of the fields are a format."""
    text = (
        '{"size_hw":[40,50],"background":{"colour":[1,2,3],"kind":"solid"},"placements":[{"segment":5,"category":2,'
        '"box":[-1,0,7,9],"flip_x":true,"flip_y":false,"angle":-12.5}]}'
    )
    placement = Placement(segment=5, category=2, box=(-1, 0, 7, 9), flip_x=True, angle=-12.5)
    scene = Scene((40, 50), SolidBackground((1, 2, 3)), (placement,))
    assert Scene.from_json(text) == scene
    assert scene.to_json() == text.removesuffix("}") + ',"light":null,"words_seed":null}'


def test_left_out_fields_keep_their_defaults() -> None:
    content = scene_json("photo")
    for name in ("flip_x", "flip_y", "angle"):
        del content["placements"][0][name]
    del content["background"]["flip_x"]
    scene = Scene.from_json(json.dumps(content))
    assert scene.placements[0] == Placement(5, 2, (-1, 0, 7, 9))
    assert scene.background == PhotoBackground(3, 0.5, 0.25, 0.75)


# refusals


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[]", "null", "5", '"scene"', b"\xff\xfe"])
def test_exception_for_what_is_no_scene(text: str | bytes) -> None:
    with pytest.raises(StreamError, match=r"^scene: "):
        Scene.from_json(text)


@pytest.mark.parametrize("path", [("extra",), ("placements", 1, "extra"), ("background", "extra")])
def test_exception_for_an_unknown_key(path: Path) -> None:
    with pytest.raises(StreamError, match="extra"):
        Scene.from_json(changed(scene_json(), path, 1))


@pytest.mark.parametrize("path", [("size_hw",), ("background",), ("placements",), ("placements", 0, "segment")])
def test_exception_for_a_missing_key(path: Path) -> None:
    with pytest.raises(StreamError, match=str(path[-1])):
        Scene.from_json(changed(scene_json(), path, ...))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("size_hw",), 5),  # no pair
        (("size_hw",), [5]),  # half a pair
        (("size_hw",), [5, 6, 7]),  # more than a pair
        (("placements",), {}),  # no list
        (("placements", 1), 7),  # no placement
        (("placements", 1, "segment"), "five"),
        (("placements", 1, "segment"), 1.5),
        (("placements", 1, "segment"), None),
        (("placements", 1, "category"), [1]),
        (("placements", 1, "box"), [1, 2, 3]),
        (("placements", 1, "box"), [1, 2, 3, 4, 5]),
        (("placements", 1, "box"), [1, 2, 3, 4.5]),
        (("placements", 1, "flip_x"), "perhaps"),
        (("placements", 1, "angle"), "steep"),
        (("background", "colour"), [1, 2]),
        (("background", "colour"), "red"),
        (("background", "kind"), 5),
    ],
)
def test_exception_for_a_wrong_type(path: Path, value: object) -> None:
    """Named from the top: ``placements.1.box``."""
    with pytest.raises(StreamError) as caught:
        Scene.from_json(changed(scene_json(), path, value))
    position = 0
    for step in map(str, path):
        position = str(caught.value).find(step, position)
        assert position >= 0, f"{caught.value} does not name {path}"


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("gradient", "end", [1, 2]),
        ("gradient", "angle", ...),
        ("noise", "seed", 1.5),
        ("noise", "extra", 1),
        ("photo", "zoom", "half"),
        ("photo", "photo", ...),
        ("photo", "extra", 1),
    ],
)
def test_exception_names_the_field_of_any_background(kind: str, field: str, value: object) -> None:
    with pytest.raises(StreamError, match=rf"background.*\b{field}\b"):
        Scene.from_json(changed(scene_json(kind), ("background", field), value))


def test_exception_for_an_unknown_kind_of_background() -> None:
    with pytest.raises(StreamError, match=r"background.*kind.*(video|photo)"):
        Scene.from_json(changed(scene_json("photo"), ("background", "kind"), "video"))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("placements", 1, "segment"), "5"),
        (("placements", 1, "flip_x"), "no"),
        (("placements", 1, "angle"), "1e3"),
        (("background", "colour"), ["1", "2", "3"]),
    ],
)
def test_exception_for_text_that_reads_like_the_right_type(path: Path, value: object) -> None:
    with pytest.raises(StreamError):
        Scene.from_json(changed(scene_json(), path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("size_hw",), [0, -5]),
        (("background", "colour"), [0, 0, 300]),
        (("placements", 1, "segment"), -1),
        (("placements", 1, "box"), [9, 9, 2, 2]),
    ],
)
def test_exception_for_a_number_out_of_range(path: Path, value: object) -> None:
    with pytest.raises(StreamError):
        Scene.from_json(changed(scene_json(), path, value))


# words


@pytest.mark.parametrize(
    ("words", "known"),
    [
        (Words(), False),  # nothing
        (Words(sub_category="x"), True),
        (Words(description="x"), True),
        (Words(short_phrase="x"), True),
        (Words(features=("x",)), True),
    ],
)
def test_words_are_true_if_anything_is_known(words: Words, known: bool) -> None:
    assert bool(words) is known
