"""One vocabulary over several sources."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.tv_tensors import Mask

import sos_online as sos
from sos_online.data.mixing import COCO_LVIS_SYNONYMS
from sos_online.data.mixing.names import LEFT_OUT, JoinedVocabulary, Match, SourceCategories, join_categories
from sos_online.data.mixing.relabel import Relabelling
from sos_online.library import Vocabulary


def source(name: str, categories: dict[str, list[str]]) -> SourceCategories:
    return SourceCategories(name, list(categories), list(categories.values()))


def told(vocabulary: JoinedVocabulary, number: int) -> dict[str, tuple[str | None, str]]:
    """Of each category its name in the vocabulary, and how it came there."""
    return {
        match.name: (None if match.label == LEFT_OUT else vocabulary.names[match.label - 1], match.how)
        for match in vocabulary.matches[number]
    }


COCO = source("coco", {"person": [], "cell phone": [], "tv": [], "mouse": []})
LVIS = source(
    "lvis",
    {
        "Person": [],
        "cellular_telephone": ["cellphone", "mobile_phone"],
        "television_set": ["tv"],
        "mouse_(animal)": ["mouse.n.01"],
        "mouse_(computer)": ["mouse.n.04"],
        "acorn": [],
    },
)


def test_categories_join_by_name_and_by_other_names() -> None:
    vocabulary = join_categories([COCO, LVIS])
    assert vocabulary.names == [
        "person", "cell phone", "tv", "mouse", "mouse (animal)", "mouse (computer)", "acorn"
    ]  # fmt: skip
    assert told(vocabulary, 1) == {
        "Person": ("person", "name"),
        "cellular_telephone": ("cell phone", "other name"),
        "television_set": ("tv", "other name"),
        "mouse_(animal)": ("mouse (animal)", "new"),
        "mouse_(computer)": ("mouse (computer)", "new"),
        "acorn": ("acorn", "new"),
    }


def test_other_names_of_the_first_count_too() -> None:
    joined = join_categories([LVIS, COCO])
    assert told(joined, 1)["cell phone"] == ("cellular telephone", "other name")
    assert told(joined, 1)["mouse"] == ("mouse", "new")


def test_a_table_joins_by_name_or_by_synset() -> None:
    table = Vocabulary.of({"mouse": ["mouse.n.04"], "person": ["acorn"]})
    assert told(join_categories([COCO, LVIS], synonyms=table), 1) == {
        **told(join_categories([COCO, LVIS]), 1),
        "mouse_(computer)": ("mouse", "table"),
        "acorn": ("person", "table"),
    }


def test_a_fixed_vocabulary_takes_nothing_in() -> None:
    vocabulary = join_categories([COCO, LVIS], names=["tv", "acorn"])
    assert vocabulary.names == ["tv", "acorn"]
    assert told(vocabulary, 0)["person"] == (None, "left out")
    assert told(vocabulary, 1)["television_set"] == ("tv", "other name")


@pytest.mark.parametrize(
    "other",
    [
        {"large cup": ["cup.n.01"], "small cup": ["cup.n.01"]},  # two point to one
        {"cup": [], "mug": ["cup.n.01", "cup"]},  # one is it by its name, another points to it
        {"vessel": ["cup", "bowl"]},  # one points to two
    ],
)
def test_what_may_be_mistaken_is_not_joined(other: dict[str, list[str]]) -> None:
    vocabulary = join_categories([source("a", {"cup": ["cup.n.01"], "bowl": []}), source("b", other)])
    assert all(how != "other name" for _, how in told(vocabulary, 1).values())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"names": []}, "expected a list of names"),
        ({"names": "cup"}, "expected a list of names"),
        ({"names": ["cup", "Cup"]}, "differ in nothing but case"),
        ({"names": ["cup", "mug"], "synonyms": Vocabulary.of({"cup": ["mug"]})}, "has an id of its own"),
    ],
)
def test_what_is_no_vocabulary_is_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(sos.StreamError, match=said):
        join_categories([COCO], **options)  # type: ignore[arg-type]


NAMES = st.sampled_from(["a", "A", "b", "c c", "c-c", "cc", "d", "e"])
SOURCES = st.lists(st.dictionaries(NAMES, st.lists(NAMES, max_size=3), max_size=6), min_size=1, max_size=4)


@given(SOURCES)
def test_every_category_has_one_label_and_no_source_loses_a_distinction(parts: list[dict[str, list[str]]]) -> None:
    sources = [source(str(number), part) for number, part in enumerate(parts)]
    vocabulary = join_categories(sources)
    for part, matches in zip(sources, vocabulary.matches, strict=True):
        assert [match.name for match in matches] == part.names
        assert all(1 <= match.label <= len(vocabulary.names) for match in matches)
        by_label: dict[int, set[str]] = {}
        for match in matches:
            by_label.setdefault(match.label, set()).add(match.name.lower())
        assert all(len(names) == 1 for names in by_label.values())
    used = {match.label for matches in vocabulary.matches for match in matches}
    assert used == set(range(1, len(vocabulary.names) + 1))


def categories(path: Path) -> SourceCategories:
    entries = json.loads(path.read_text())["categories"]
    others = [[entry[key] for key in ("synset",) if key in entry] + entry.get("synonyms", []) for entry in entries]
    return SourceCategories(path.stem, [entry["name"] for entry in entries], others)


def test_coco_and_lvis_share_their_categories(real_data: Path) -> None:
    coco = categories(real_data / "coco" / "instances_train.json")
    lvis = categories(real_data / "lvis" / "lvis_v0.5_val_subset.json")
    alone = join_categories([coco, lvis])
    assert alone.names[:80] == list(coco.names)
    hows = Counter(match.how for match in alone.matches[1])
    assert hows == {"name": 57, "other name": 7, "new": 1166}
    assert told(alone, 1)["doughnut"] == ("donut", "other name")

    table = Vocabulary.of(COCO_LVIS_SYNONYMS)
    joined = join_categories([coco, lvis], synonyms=table)
    in_lvis = {match.label for match in joined.matches[1]}
    assert [name for label, name in enumerate(joined.names[:80], 1) if label not in in_lvis] == ["hot dog", "oven"]
    assert told(joined, 1)["mouse_(computer_equipment)"] == ("mouse", "table")
    assert told(joined, 1)["car_(automobile)"] == ("car", "table")
    assert told(joined, 1)["cabin_car"] == ("cabin car", "new")


# targets


def target(labels: list[int], **more: object) -> dict[str, object]:
    count = len(labels)
    masks = torch.zeros(count, 6, 6, dtype=torch.uint8)
    for row in range(count):
        masks[row, row : row + 3, row:] = 1  # smaller and smaller, and overlapping
    ids = torch.zeros(6, 6, dtype=torch.int16)
    for row in range(count):
        ids[masks[row] > 0] = row + 1
    return {"labels": torch.tensor(labels, dtype=torch.int64), "masks": Mask(masks), "instance_map": Mask(ids), **more}


def matches(*labels: int) -> list[Match]:
    return [Match(str(number), label, "name") for number, label in enumerate(labels)]


def test_labels_are_replaced_and_rows_of_other_categories_go() -> None:
    given = target([1, 2, 3])
    relabelled, left_out = Relabelling("x", matches(5, LEFT_OUT, 2))(given)
    assert left_out == 1
    assert relabelled["labels"].tolist() == [5, 2]
    assert torch.equal(relabelled["masks"], given["masks"][[0, 2]])
    shown = relabelled["instance_map"]
    assert (shown[given["masks"][2] > 0] == 2).all()
    # where the row that went lay on top of the first, the first shows again
    assert (shown[(given["masks"][0] > 0) & (given["masks"][2] == 0)] == 1).all()
    assert given["labels"].tolist() == [1, 2, 3]


@st.composite
def stacks(draw: st.DrawFn) -> torch.Tensor:
    """Rectangles with holes, that overlap, uint8 ``[N, 9, 11]``; some are empty, some are equal."""
    masks = torch.zeros(draw(st.integers(1, 8)), 9, 11, dtype=torch.uint8)
    for mask in masks:
        x, y = draw(st.integers(0, 10)), draw(st.integers(0, 8))
        mask[y : y + draw(st.integers(0, 9)), x : x + draw(st.integers(1, 11))] = 1
        mask[draw(st.integers(0, 8)), draw(st.integers(0, 10))] = 0
    return masks


def slow_map(masks: torch.Tensor) -> list[list[int]]:
    """Each pixel by itself: the smallest mask on it, of equal ones the first."""
    areas = masks.flatten(1).sum(1).tolist()
    return [
        [
            min(((areas[row], row + 1) for row in range(len(masks)) if masks[row, y, x]), default=(0, 0))[1]
            for x in range(masks.shape[2])
        ]
        for y in range(masks.shape[1])
    ]


@settings(max_examples=150)
@given(stacks(), st.data())
def test_the_map_of_rows_that_stay_is_as_a_slow_reference_says(masks: torch.Tensor, data: st.DataObject) -> None:
    stays = data.draw(st.lists(st.booleans(), min_size=len(masks), max_size=len(masks)))
    before = Mask(torch.tensor(slow_map(masks), dtype=torch.int16))
    given = {"labels": torch.tensor([1 if stay else 2 for stay in stays]), "masks": Mask(masks), "instance_map": before}
    copies = masks.clone(), before.clone()
    relabelled, left_out = Relabelling("x", matches(3, LEFT_OUT))(given)
    assert left_out == stays.count(False)
    assert torch.equal(relabelled["masks"], Mask(masks[torch.tensor(stays)]))
    assert relabelled["instance_map"].tolist() == slow_map(masks[torch.tensor(stays)])
    assert relabelled["instance_map"].dtype is torch.int16
    assert torch.equal(masks, copies[0]) and torch.equal(before, copies[1])  # what was given is as it was


def test_on_coco_the_map_of_rows_that_stay_is_that_of_their_masks(real_data: Path) -> None:
    coco = sos.CocoDataset(real_data / "coco" / "train", real_data / "coco" / "instances_train.json")
    ways = [Match(name, LEFT_OUT if at % 2 else 1, "name") for at, name in enumerate(coco.category_names)]
    relabel, mended = Relabelling("coco", ways), 0
    for index in range(40):
        _, target = coco[index]
        relabelled, left_out = relabel(target)
        stays = (target["labels"] % 2 == 1).numpy()
        masks = target["masks"].numpy()[stays]
        shown = relabelled["instance_map"].numpy()
        assert left_out == len(stays) - stays.sum()
        assert np.array_equal(relabelled["masks"], masks)
        assert np.array_equal(shown, sos.targets.flatten_masks(masks))
        goes = np.array([False, *~stays])[target["instance_map"].numpy()]
        mended += bool((goes & (shown > 0)).any())
    assert mended >= 3  # rows lay beneath ones that went


def test_masks_without_a_map_get_one_when_rows_go() -> None:
    given = target([1, 2, 3])
    whole = Relabelling("x", matches(5, LEFT_OUT, 2))(given)[0]["instance_map"]
    del given["instance_map"]
    assert torch.equal(Relabelling("x", matches(5, LEFT_OUT, 2))(given)[0]["instance_map"], whole)


@pytest.mark.parametrize("labels", [[4], [-1]])
def test_labels_that_a_source_cannot_have_are_refused(labels: list[int]) -> None:
    with pytest.raises(sos.StreamError, match=r"source 'x': labels: expected 0 … 3"):
        Relabelling("x", matches(1, 2, 3))({"labels": torch.tensor(labels)})


@pytest.mark.parametrize("as_tensor", [True, False])
def test_lvis_lists_are_translated(as_tensor: bool) -> None:
    # categories 1 and 2 are one: label 7; 3 is left out; 4 and 5 are 8 and 9
    relabel = Relabelling("x", matches(7, 7, LEFT_OUT, 8, 9))

    def lists(labels: list[int], absent: list[int], partly: list[int]) -> tuple[list[int], list[int]]:
        make = torch.tensor if as_tensor else list
        given = target(labels, neg_category_ids=make(absent), not_exhaustive_category_ids=make(partly))
        changed, _ = relabel(given)
        found = changed["neg_category_ids"], changed["not_exhaustive_category_ids"]
        assert all(isinstance(part, torch.Tensor) == as_tensor for part in found)
        return tuple(sorted(map(int, part)) for part in found)  # type: ignore[return-value]

    assert lists([4], [1, 2, 5], []) == ([7, 9], [])  # all parts of 7 are absent
    assert lists([4], [1, 3, 5], []) == ([9], [])  # nobody looked for a part of it
    assert lists([1], [2], []) == ([], [])  # one part is there, the other is not
    assert lists([1], [5], []) == ([9], [7])  # one part is there, and nobody looked for the other
    assert lists([1, 4], [2], [4]) == ([], [8])
