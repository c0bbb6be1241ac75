"""Words on their way: made last, the same everywhere, true behind transforms, and carried along or dropped."""

from __future__ import annotations

import random
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from torchvision.transforms import v2

import sos_online as sos
from sos_online.types import EXPRESSION_KINDS, Expression
from tests.data.compare import digest
from tests.data.speaking_streams import LENGTH, SAID, WIDTH, check, said_by, said_in, speaking, texts_of
from tests.data.spoken_sides import check_left_and_right


@pytest.fixture(scope="module")
def demo() -> sos.SegmentLibrary:
    return sos.SegmentLibrary.demo()


@pytest.fixture(scope="module")
def expected(demo: sos.SegmentLibrary) -> list[list[Expression]]:
    """What is said in two epochs."""
    dataset = speaking(demo)
    return [dataset.sample(index, epoch)[1]["expressions"] for epoch in (0, 1) for index in range(LENGTH)]


# the stream


def test_every_target_has_them(demo: sos.SegmentLibrary, expected: list[list[Expression]]) -> None:
    for (_, target), expressions in zip(speaking(demo), expected, strict=False):
        check(target["expressions"], target)
        assert target["expressions"] == expressions
    assert sum(map(len, expected)) > 0.6 * len(expected) * 33


def test_only_when_the_recipe_asks(demo: sos.SegmentLibrary) -> None:
    silent = speaking(demo, changes={"expressions": None})
    assert "expressions" not in silent.sample(0)[1]
    assert silent.scene(0).words_seed is None


def test_a_recipe_has_the_same_samples_with_words_and_without(demo: sos.SegmentLibrary) -> None:
    silent, dataset = speaking(demo, changes={"expressions": None}), speaking(demo)
    for index in range(3):
        image, target = dataset.sample(index)
        del target["expressions"]
        assert digest((image, target)) == digest(silent.sample(index))


def test_epochs_and_seeds_differ(demo: sos.SegmentLibrary, expected: list[list[Expression]]) -> None:
    assert expected[:LENGTH] != expected[LENGTH:]
    assert len({tuple(texts_of(expressions)) for expressions in expected}) == 2 * LENGTH
    assert speaking(demo, seed=5).sample(0)[1]["expressions"] != expected[0]


def test_an_image_without_an_object_has_an_empty_list(demo: sos.SegmentLibrary) -> None:
    hidden = {"min_pixels": 10**6, "min_share": 1.0}
    _, target = speaking(demo, changes={"visibility": hidden}).sample(0)
    assert len(target["labels"]) == 0
    assert target["expressions"] == []


def test_a_library_without_words_has_names_and_places(library: sos.SegmentLibrary) -> None:
    found = [expression for expressions in said_by(speaking(library)) for expression in expressions]
    assert {"position"} <= {expression["kind"] for expression in found}


@pytest.mark.parametrize("in_worker", [True, False])
def test_light_changes_no_word(demo: sos.SegmentLibrary, expected: list[list[Expression]], in_worker: bool) -> None:
    lit = speaking(demo, changes={"light": sos.Recipe().light, "device": {"light": not in_worker}})
    assert said_by(islice(lit, 3)) == expected[:3]
    assert lit.scene(0).light is not None


def test_painting_on_the_device_changes_no_word(demo: sos.SegmentLibrary, expected: list[list[Expression]]) -> None:
    assert said_by(islice(speaking(demo, changes={"device": {"composite": True}}), 3)) == expected[:3]


def test_a_scene_that_was_stored_has_the_same_words(demo: sos.SegmentLibrary, expected: list[list[Expression]]) -> None:
    dataset = speaking(demo)
    for index in range(3):
        scene = sos.Scene.from_json(dataset.scene(index).to_json())
        assert dataset.render(scene, image_id=index)[1]["expressions"] == expected[index]


def test_a_photo_behind_may_show_other_things(
    demo: sos.SegmentLibrary, real_data: Path, expected: list[list[Expression]]
) -> None:
    photos = sos.Backgrounds.open(real_data / "backgrounds/textures")
    dataset = speaking(demo, changes={"background": {"weights": {"photo": 1}}}, backgrounds=photos)
    said = {word for expressions in said_by(dataset) for text in texts_of(expressions) for word in text.split()}
    assert not said & {"thing", "things", "object", "objects", "item", "items", "everything"}
    plain = {word for expressions in expected for text in texts_of(expressions) for word in text.split()}
    assert plain & {"thing", "object", "item"}


# the loader


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_the_same_for_any_number_of_workers(
    demo: sos.SegmentLibrary, expected: list[list[Expression]], workers: int
) -> None:
    loader = sos.make_loader(speaking(demo), 4, num_workers=workers)
    assert said_in(loader) + said_in(loader) == expected


def test_spawned_workers_say_the_same(demo: sos.SegmentLibrary, expected: list[list[Expression]]) -> None:
    loader = sos.make_loader(speaking(demo), 4, num_workers=1, multiprocessing_context="spawn")
    assert said_in(loader) == expected[:LENGTH]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_resume_goes_on_exactly(demo: sos.SegmentLibrary, expected: list[list[Expression]], workers: int) -> None:
    loader = sos.make_loader(speaking(demo), 2)
    begun = said_in(islice(loader, 2))
    resumed = sos.make_loader(speaking(demo), 2, num_workers=workers)
    resumed.load_state_dict(loader.state_dict())
    assert begun + said_in(resumed) == expected[:LENGTH]


def test_batches_carry_them(demo: sos.SegmentLibrary, expected: list[list[Expression]]) -> None:
    samples = [speaking(demo).sample(index) for index in range(3)]
    batch = sos.collate(samples)
    assert batch.others["expressions"] == expected[:3]
    assert [target["expressions"] for target in batch.targets()] == expected[:3]


def test_a_batch_in_which_some_have_none(demo: sos.SegmentLibrary, expected: list[list[Expression]]) -> None:
    samples = [speaking(demo, changes={"expressions": said}).sample(0) for said in (SAID, None, SAID)]
    targets = sos.collate(samples).targets()
    assert [target.get("expressions") for target in targets] == [expected[0], None, expected[0]]
    assert "expressions" not in targets[1]


# transforms


FLIP = v2.RandomHorizontalFlip(p=1)


def test_words_are_made_behind_transforms(demo: sos.SegmentLibrary, expected: list[list[Expression]]) -> None:
    plain, flipped = speaking(demo), speaking(demo, transforms=FLIP)
    checked = 0
    for index in range(LENGTH):
        (_, before), (_, after) = plain.sample(index), flipped.sample(index)
        x1, x2 = before["boxes"][:, 0], before["boxes"][:, 2]
        assert torch.equal(after["boxes"][:, 0], WIDTH - x2) and torch.equal(after["boxes"][:, 2], WIDTH - x1)
        checked += check_left_and_right(after, WIDTH) + check_left_and_right(before, WIDTH)
        assert after["expressions"] != before["expressions"]
    assert checked > 10


def test_what_was_said_before_a_flip_would_be_a_lie(demo: sos.SegmentLibrary) -> None:
    """The check above can fail."""
    plain, flipped = speaking(demo), speaking(demo, transforms=FLIP)
    lies = 0
    for index in range(LENGTH):
        target = {**flipped.sample(index)[1], "expressions": plain.sample(index)[1]["expressions"]}
        try:
            check_left_and_right(target, WIDTH)
        except AssertionError:
            lies += 1
    assert lies > 5


COVERING = (
    " in front of ",
    " partly ",
    " behind ",
    " surrounded by ",
    " on the mug",
    " on the apple",
    " on the red",
)


@pytest.mark.parametrize("transforms", [FLIP, lambda image, target: (image, target)], ids=["flip", "identity"])
def test_what_hides_what_is_not_known_behind_transforms(demo: sos.SegmentLibrary, transforms: Any) -> None:
    many = {"expressions": {kind: {"one": 20, "several": 6, "none": 6} for kind in EXPRESSION_KINDS}}

    def covering(dataset: sos.SOSDataset) -> int:
        texts = [text for expressions in said_by(dataset) for text in texts_of(expressions)]
        return sum(any(words in text for words in COVERING) for text in texts)

    assert covering(speaking(demo, changes=many)) > 0
    assert covering(speaking(demo, changes=many, transforms=transforms)) == 0


def test_rows_of_what_a_crop_leaves(demo: sos.SegmentLibrary) -> None:
    dataset = speaking(demo, transforms=v2.RandomCrop(90))
    for _, target in dataset:
        check(target["expressions"], target)
    assert any(said_by(dataset))


def test_transforms_do_not_see_them_nor_change_their_numbers(demo: sos.SegmentLibrary) -> None:
    def look(image: Any, target: Any) -> Any:
        assert "expressions" not in target
        random.random(), torch.rand(3)
        return image, target

    assert said_by(speaking(demo, transforms=look)) == said_by(speaking(demo, transforms=lambda *sample: sample))


@pytest.mark.parametrize("label", [0, 1, 99])
def test_labels_of_the_users_own_change_no_word(demo: sos.SegmentLibrary, label: int) -> None:
    def relabel(image: Any, target: Any) -> Any:
        return image, {**target, "labels": torch.full_like(target["labels"], label)}

    assert said_by(islice(speaking(demo, transforms=relabel), 3)) == said_by(
        islice(speaking(demo, transforms=lambda *sample: sample), 3)
    )


def test_english_is_loaded_where_a_dataset_with_words_is_made_and_nowhere_before() -> None:
    """In the process that workers are forked from: it takes a second and a half."""
    script = (
        "import sys, sos_online as sos; library = sos.SegmentLibrary.demo(); sos.SOSDataset(library);"
        "before = 'inflect' in sys.modules; sos.SOSDataset(library, sos.Recipe(expressions={}));"
        "print(before, 'inflect' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
