"""What is learnt, against plain loops over the boxes."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from sos_online.data.coco_boxes import read_coco_boxes
from sos_online.plan.layout.fit import fit_layout
from tests.plan.layout.drawing import Row, table_of

ROWS: list[list[Row]] = [
    [(0.0, 0.1, 0.5, 0.5, "a"), (0.25, 0.0, 0.75, 1.0, "b"), (0.6, 0.6, 1.0, 0.9, "a")],
    [(0.0, 0.0, 1.0, 1.0, "c")],
    [(0.002, 0.3, 0.998, 0.7, "b"), (0.1, 0.1, 0.2, 0.2, "a")],
]


def test_boxes_become_place_size_and_shape() -> None:
    aspects = [1.5, 1.0, 0.5]
    learned = fit_layout(table_of(ROWS), np.array(aspects))
    found = {name: [] for name in learned.names}
    for position, name in enumerate(learned.names):
        found[name] = learned.boxes[learned.box_starts[position] : learned.box_starts[position + 1]].tolist()
    for picture, aspect in zip(ROWS, aspects, strict=True):
        for x1, y1, x2, y2, name in picture:
            share = min((x2 - x1) * (y2 - y1), 0.999)
            place = [
                math.nan
                if low <= 0.004 and high >= 0.996
                else 0
                if low <= 0.004
                else 1
                if high >= 0.996
                else low / room
                for low, high, room in ((x1, x2, 1 - (x2 - x1)), (y1, y2, 1 - (y2 - y1)))
            ]
            size = math.log(share / (1 - share)) - learned.size_by_count * math.log(len(picture))
            shape = math.log((x2 - x1) / (y2 - y1) * aspect)
            assert any(np.allclose(one, [*place, size, shape], atol=2e-3, equal_nan=True) for one in found[name])


def test_counts() -> None:
    learned = fit_layout(table_of(ROWS), np.ones(3))
    assert learned.names == ("a", "b", "c")
    assert learned.instances.tolist() == [3, 2, 1] and learned.images.tolist() == [2, 2, 1]
    assert dict(zip(learned.object_counts.tolist(), learned.images_with.tolist(), strict=True)) == {1: 1, 2: 1, 3: 1}


def test_categories_without_a_box_are_not_learnt() -> None:
    table = table_of([[(0.1, 0.1, 0.2, 0.2, "b")]])
    more = type(table)(table.edges, table.starts, ("a", "b"), np.array([1], np.int32))
    assert fit_layout(more, np.ones(1)).names == ("b",)


def test_sizes_that_fall_with_the_number_of_objects() -> None:
    """Each of n objects takes 0.04 / n of the picture: the log-odds fall with log n at about a slope of -1."""
    sides = {n: math.sqrt(0.04 / n) for n in range(1, 12)}
    pictures = [[(0.3, 0.3, 0.3 + side, 0.3 + side, "a")] * n for n, side in sides.items()]
    assert fit_layout(table_of(pictures), np.ones(11)).size_by_count == pytest.approx(-1, abs=0.03)
    assert fit_layout(table_of(pictures[:1]), np.ones(1)).size_by_count == 0


def test_spread_of_a_frequent_category_is_its_own_and_of_a_rare_one_near_all() -> None:
    rng = np.random.default_rng(0)
    sides = {"wide": np.exp(rng.normal(-2, 0.5, 400)).clip(0.02, 0.8), "same": np.full(400, 0.2)}
    pictures = [[(0.1, 0.1, 0.1 + side, 0.1 + side, name)] for name, own in sides.items() for side in own]
    learned = fit_layout(table_of([*pictures, [(0.1, 0.1, 0.4, 0.4, "rare")]]), np.ones(801))
    size = dict(zip(learned.names, learned.spread[:, 2].tolist(), strict=True))
    shares = sides["wide"] ** 2
    assert size["wide"] == pytest.approx(np.std(np.log(shares / (1 - shares))), rel=0.05)
    assert size["same"] < 0.1 * size["wide"]
    assert 0.4 * size["wide"] < size["rare"] < size["wide"]


@pytest.mark.parametrize("kept", [1, 8, 64, 10_000])
def test_examples_are_shared_out_by_the_root_and_keep_the_sizes(real_data: Path, kept: int) -> None:
    coco = read_coco_boxes(real_data / "coco/instances_train.json")
    learned, everything = (fit_layout(coco.table, coco.aspects, number) for number in (kept, 10**9))
    number = np.diff(learned.box_starts)
    assert (number >= 1).all() and (number <= learned.instances).all()
    assert len(everything.boxes) == coco.table.num_boxes
    assert kept < 10_000 or len(learned.boxes) == coco.table.num_boxes
    if kept == 64:
        person = learned.names.index("person")
        own = slice(*learned.box_starts[person : person + 2])
        whole = slice(*everything.box_starts[person : person + 2])
        assert number[person] < 0.8 * learned.instances[person]
        at = np.linspace(0.05, 0.95, 10)
        few, many = (np.quantile(one, at) for one in (learned.boxes[own, 2], everything.boxes[whole, 2]))
        assert np.abs(few - many).max() < 0.15
    assert Counter(learned.names) == Counter(everything.names)
