"""Files of learned layouts: they hold all that was learnt, are small, and a wrong one is refused by its field."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sos_online.data.coco_boxes import read_coco_boxes
from sos_online.data.learned_files import read_learned_layout, write_learned_layout
from sos_online.errors import SourceError
from sos_online.plan.layout import fit_layout
from tests.data.layout_sets import coco_content, write_json
from tests.plan.layout.drawing import table_of


@pytest.fixture
def written(tmp_path: Path) -> Path:
    coco = read_coco_boxes(write_json(tmp_path, coco_content(), "coco.json"))
    path = tmp_path / "learned.json"
    write_learned_layout(path, fit_layout(coco.table, coco.aspects), "coco.json")
    return path


@settings(max_examples=40)
@given(
    pictures=st.lists(
        st.lists(
            st.tuples(*[st.floats(0, 0.9)] * 2, *[st.floats(0.01, 1)] * 2, st.sampled_from("abc")),
            min_size=1,
            max_size=6,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_round_trip(tmp_path: Path, pictures: list[list[tuple[float, float, float, float, str]]]) -> None:
    rows = [[(x, y, min(x + w, 1.0), min(y + h, 1.0), name) for x, y, w, h, name in picture] for picture in pictures]
    learned = fit_layout(table_of(rows), np.full(len(rows), 1.25))
    write_learned_layout(tmp_path / "learned.json", learned, "made up")
    again = read_learned_layout(tmp_path / "learned.json")
    assert again.fingerprint() == learned.fingerprint()
    assert again.names == learned.names


def test_a_set_that_is_learnt_from_at_once_gives_the_same(tmp_path: Path, real_data: Path) -> None:
    """And all of it fits into little: 80 categories in less than 100 kB here, and 300 kB from any number of boxes."""
    annotations = real_data / "coco/instances_train.json"
    coco = read_coco_boxes(annotations)
    learned = fit_layout(coco.table, coco.aspects)
    path = tmp_path / "learned.json"
    write_learned_layout(path, learned, annotations.name)
    assert path.stat().st_size < 100_000
    assert read_learned_layout(path).fingerprint() == read_learned_layout(annotations).fingerprint()
    assert json.loads(path.read_text())["fitted_on"] == "instances_train.json"


def test_a_file_of_80_categories_stays_small_however_much_is_learnt_from(tmp_path: Path) -> None:
    """As many examples and pairs as there can be."""
    rng = np.random.default_rng(0)
    names = [f"category {number}" for number in range(80)]
    low, side = rng.uniform(0, 0.6, (16_000, 2)), rng.uniform(0.01, 0.39, (16_000, 2))
    rows = [
        (*first, *(first + extent), names[number % 80])
        for number, (first, extent) in enumerate(zip(low, side, strict=True))
    ]
    pictures = [rows[start : start + 160] for start in range(0, 16_000, 160)]
    write_learned_layout(tmp_path / "learned.json", fit_layout(table_of(pictures), np.ones(100)), "made up")
    assert (tmp_path / "learned.json").stat().st_size < 300_000


Change = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda file: file.update(version=2), "version: expected 1, found 2"),
        (lambda file: file.update(version="1"), "version: expected 1, found '1'"),
        (lambda file: file.pop("version"), "version: expected 1, found None"),
        (lambda file: file.update(extra=1), "extra: Extra inputs"),
        (lambda file: file.pop("pairs"), "pairs: Field required"),
        (lambda file: file.update(repeat=1.5), "repeat.*found 1.5"),
        (lambda file: file.update(repeat="0.5"), "repeat.*found '0.5'"),
        (lambda file: file.update(size_by_count=1), "size_by_count"),
        (lambda file: file.update(objects=[]), "objects"),
        (lambda file: file["objects"].append([10**6, 1]), r"objects.1.0.*found 1000000"),
        (lambda file: file.update(categories=[]), "categories"),
        (lambda file: file["categories"][0].update(name=""), "categories.0.name"),
        (lambda file: file["categories"][0].update(name="CUP"), "names that differ"),
        (lambda file: file["categories"][0].update(instances=True), "categories.0.instances"),
        (lambda file: file["categories"][0].update(instances=1), "more images or boxes than instances"),
        (lambda file: file["categories"][0].update(boxes=[]), "categories.0.boxes"),
        (lambda file: file["categories"][0]["boxes"][0].append(1), "categories.0.boxes.0"),
        (lambda file: file["categories"][0]["boxes"][0].__setitem__(0, 1.01), "categories.0.boxes.0.0.*found 1.01"),
        (lambda file: file["categories"][0]["boxes"][0].__setitem__(2, None), "categories.0.boxes.0.2"),
        (lambda file: file["categories"][0]["boxes"][0].__setitem__(3, 1e9), "categories.0.boxes.0.3"),
        (lambda file: file["categories"][0]["boxes"][0].__setitem__(2, float("nan")), "finite|Invalid JSON|NaN"),
        (lambda file: file["categories"][0]["spread"].__setitem__(1, -1), "categories.0.spread.1.*found -1"),
        (lambda file: file["pairs"].append([0, 9, 1.0]), "pairs.*positions of categories"),
        (lambda file: file["pairs"].append([1, 0, 1.0]), "pairs.*the smaller first"),
        (lambda file: file["pairs"].append(file["pairs"][0]), "pairs.*"),
        (lambda file: file["pairs"].append([0, 0, 50.0]), "weigh more than its instances"),
        (lambda file: file["pairs"].append([0, 0, 0]), "pairs"),
    ],
)
def test_exception_names_file_and_field(written: Path, change: Change, named: str) -> None:
    content = json.loads(written.read_text())
    change(content)
    written.write_text(json.dumps(content))
    with pytest.raises(SourceError, match=named) as caught:
        read_learned_layout(written)
    assert str(caught.value).startswith(str(written))


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b'{"format": "sos_online learned layout"'])
def test_exception_for_another_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "learned.json"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"learned.json"):
        read_learned_layout(path)


def test_damaged_files_are_refused_or_right(written: Path) -> None:
    """A character changed anywhere: an error, or arrays that hang together."""
    whole = written.read_bytes()
    for position in range(0, len(whole), 7):
        written.write_bytes(whole[:position] + b"9" + whole[position + 1 :])
        try:
            learned = read_learned_layout(written)
        except SourceError:
            continue
        assert learned.box_starts[-1] == len(learned.boxes) and len(learned.spread) == len(learned.names)
