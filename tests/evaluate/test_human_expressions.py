"""Files of expressions that people wrote: what is read, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sos_online as sos
from sos_online.evaluate.human_expressions import HumanExpression, read_human_expressions

ENTRY: dict[str, Any] = {
    "file_name": "cups/a.jpg",
    "height": 50,
    "width": 80,
    "expression": "the cup on the left",
    "bbox_xyxy": [1.5, 2, 30, 40],
}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "cups").mkdir(parents=True)
    (folder / "cups" / "a.jpg").touch()
    (tmp_path / "outside.jpg").touch()
    (folder / "link.jpg").symlink_to(tmp_path / "outside.jpg")
    return folder


def read(photos: Path, *entries: Any) -> list[HumanExpression]:
    path = photos.parent / "expressions.json"
    path.write_text(json.dumps(list(entries)))
    return read_human_expressions(path, photos)


@pytest.mark.parametrize(
    ("given", "boxes"),
    [
        (None, ()),  # nothing is meant
        ([], ()),
        ([1.5, 2, 30, 40], ((1.5, 2.0, 30.0, 40.0),)),
        ([[1.5, 2, 30, 40]], ((1.5, 2.0, 30.0, 40.0),)),
        ([[0, 0, 1, 1], [2, 2, 3, 3]], ((0.0, 0.0, 1.0, 1.0), (2.0, 2.0, 3.0, 3.0))),
        ([-0.5, 0, 80.5, 50], ((-0.5, 0.0, 80.5, 50.0),)),  # rounded outwards
    ],
)  # fmt: skip
def test_boxes(given: Any, boxes: tuple[Any, ...], photos: Path) -> None:
    (found,) = read(photos, {**ENTRY, "bbox_xyxy": given})
    assert found == HumanExpression(photos / "cups/a.jpg", (50, 80), "the cup on the left", boxes, ())
    assert found.truth().boxes.tolist() == [list(box) for box in boxes]


def test_others_and_fields_of_other_tools(photos: Path) -> None:
    (found,) = read(photos, {**ENTRY, "others_xyxy": [[40, 2, 60, 40]], "kind": {"empty_case": False}})
    assert found.others == ((40, 2, 60, 40),)
    assert found.truth().others.tolist() == [[40, 2, 60, 40]]


def test_all_in_order(photos: Path) -> None:
    texts = ["the cup", "die Tasse", "杯子"]
    assert [found.text for found in read(photos, *({**ENTRY, "expression": text} for text in texts))] == texts
    assert read(photos) == []


def test_the_real_file(real_data: Path) -> None:
    found = read_human_expressions(real_data / "coco/referring_val.json", str(real_data / "coco/val"))
    raw = json.loads((real_data / "coco/referring_val.json").read_text())
    assert [entry.text for entry in found] == [entry["expression"] for entry in raw]
    assert [[list(box) for box in entry.boxes] for entry in found] == [
        [] if entry["bbox_xyxy"] is None else [entry["bbox_xyxy"]] for entry in raw
    ]
    assert all(entry.image.is_file() for entry in found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"file_name": "../outside.jpg"}, r"file_name: expected the name of a file inside .*found '\.\./outside\.jpg'"),
        ({"file_name": "cups/../../outside.jpg"}, "file_name: expected the name of a file inside"),
        ({"file_name": "/etc/passwd"}, "file_name: expected the name of a file inside"),
        ({"file_name": "link.jpg"}, "file_name: expected the name of a file inside"),
        ({"file_name": "a\0.jpg"}, "file_name: expected the name of a file inside"),
        ({"file_name": ""}, "file_name: expected the name of a file inside"),
        ({"file_name": 7}, "file_name: expected the name of a file inside"),
        ({"file_name": "cups"}, "file_name: '.*cups' is not there"),
        ({"file_name": "b.jpg"}, "file_name: '.*b.jpg' is not there"),
        ({"height": 0}, "height: expected a whole number of pixels, found 0"),
        ({"width": 80.0}, "width: expected a whole number of pixels, found 80.0"),
        ({"width": True}, "width: expected a whole number of pixels, found True"),
        ({"width": 10**400}, "width: expected a whole number of pixels"),
        ({"expression": " \n"}, "expression: expected words"),
        ({"expression": None}, "expression: expected words, found None"),
        ({"expression": "cup \ud800"}, "expression: expected words"),
        ({"bbox_xyxy": [1, 2, 30]}, r"bbox_xyxy: expected four numbers x1, y1, x2, y2, found \[1, 2, 30\]"),
        ({"bbox_xyxy": [1, 2, 30, "40"]}, "bbox_xyxy: expected four numbers"),
        ({"bbox_xyxy": [1, 2, 30, True]}, "bbox_xyxy: expected four numbers"),
        ({"bbox_xyxy": [[0, 0, 1, 1], None]}, "bbox_xyxy: expected four numbers .* found None"),
        ({"bbox_xyxy": {"x": 1}}, "bbox_xyxy: expected a list"),
        ({"bbox_xyxy": [30, 20, 10, 12]}, "bbox_xyxy: expected x1 < x2 and y1 < y2 inside 80 x 50 pixels"),  # XYWH
        ({"bbox_xyxy": [1, 2, 1, 40]}, "bbox_xyxy: expected x1 < x2"),
        ({"bbox_xyxy": [1, 2, 82, 40]}, "bbox_xyxy: expected .* inside 80 x 50 pixels"),
        ({"bbox_xyxy": [-2, 2, 30, 40]}, "bbox_xyxy: expected .* inside 80 x 50 pixels"),
        ({"bbox_xyxy": [1, 2, 30, 10**400]}, "bbox_xyxy: expected .* inside 80 x 50 pixels"),
        ({"bbox_xyxy": [1, 2, 30, float("nan")]}, "bbox_xyxy: expected .* inside 80 x 50 pixels"),
        ({"others_xyxy": None}, "others_xyxy: expected a list, found None"),
        ({"others_xyxy": [1, 2, 30, 40]}, "others_xyxy: expected four numbers"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_refused(change: dict[str, Any], message: str, photos: Path) -> None:
    with pytest.raises(sos.SOSError, match=rf"expressions\.json: \[1\]: {message}"):
        read(photos, ENTRY, {**ENTRY, **change})


@pytest.mark.parametrize("field", list(ENTRY))
def test_a_field_that_is_missing(field: str, photos: Path) -> None:
    with pytest.raises(sos.SOSError, match=rf"\[0\]: field '{field}' is missing"):
        read(photos, {key: value for key, value in ENTRY.items() if key != field})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "cannot be read as JSON"),
        (b"\xff\xff", "cannot be read as JSON"),
        (b"[" * 100_000, "cannot be read as JSON"),
        (b"{}", "expected a list of expressions, found dict"),
        (b"[[]]", r"\[0\]: expected an object, found list"),
    ],
)
def test_a_broken_file_is_refused(content: bytes, message: str, photos: Path) -> None:
    path = photos.parent / "expressions.json"
    path.write_bytes(content)
    with pytest.raises(sos.SOSError, match=rf"expressions\.json: {message}"):
        read_human_expressions(path, photos)


def test_files_that_are_not_there(photos: Path) -> None:
    with pytest.raises(sos.SOSError, match=r"none\.json: cannot be read"):
        read_human_expressions(photos / "none.json", photos)
    with pytest.raises(sos.SOSError, match="none: the image folder of human expressions must be a folder"):
        read_human_expressions(photos / "none.json", photos / "none")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*ENTRY, "others_xyxy"]), values))
def test_whatever_a_file_holds_it_is_read_or_refused_by_name(photos: Path, change: dict[str, Any]) -> None:
    try:
        (found,) = read(photos, {**ENTRY, **change})
    except sos.SOSError as error:
        assert any(f"[0]: {field}" in str(error) for field in change)  # noqa: PT017
    else:
        assert photos.resolve() in found.image.resolve().parents
        found.truth()
