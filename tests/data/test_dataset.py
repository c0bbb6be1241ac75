"""The dataset: a sample is a pure function of its coordinates."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import sos_online as sos
from tests.conftest import ROOT, small_recipe
from tests.data.compare import digest, digests


def test_any_sample_at_any_time_is_the_same(library: sos.SegmentLibrary) -> None:
    dataset = sos.SOSDataset(library, small_recipe(), length=30)
    forwards = digests(dataset.sample(index) for index in range(30))
    assert digests(dataset.sample(index) for index in reversed(range(30))) == forwards[::-1]
    assert digests(dataset) == forwards
    assert len(set(forwards)) == 30


def test_a_second_process_agrees(library: sos.SegmentLibrary) -> None:
    program = (
        "import sos_online as sos; from tests.conftest import small_recipe; from tests.data.compare import digest; "
        f"library = sos.SegmentLibrary.open({str(library.root)!r}); "
        "print(digest(sos.SOSDataset(library, small_recipe(), seed=4, length=30).sample(11, epoch=2)))"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    here = sos.SOSDataset(library, small_recipe(), seed=4, length=30).sample(11, epoch=2)
    assert run.stdout.strip() == digest(here)


def test_seed_epoch_and_index_all_matter(library: sos.SegmentLibrary) -> None:
    def one(seed: int, epoch: int, index: int) -> str:
        return sos.SOSDataset(library, small_recipe(), seed=seed, length=30).scene(index, epoch).to_json()

    assert len({one(0, 0, 0), one(1, 0, 0), one(0, 1, 0), one(0, 0, 1), one(1, 1, 1)}) == 5


def test_a_scene_is_what_the_sample_shows(library: sos.SegmentLibrary) -> None:
    recipe = small_recipe(visibility={"min_pixels": 1, "min_share": 0.0})
    dataset = sos.SOSDataset(library, recipe, length=10)
    for index in range(10):
        planned = [placement.segment for placement in dataset.scene(index).placements]
        shown = dataset.sample(index)[1]["segment_ids"].tolist()
        # rows run from the front to the back; what is wholly hidden is not shown
        assert shown == [segment for segment in reversed(planned) if segment in shown][: len(shown)]


def test_the_default_canvas_is_the_published_one(library: sos.SegmentLibrary) -> None:
    image, target = sos.SOSDataset(library, length=1).sample(0)
    assert image.shape == (3, 1024, 1024)
    assert len(target["labels"]) <= 19


def test_canvas_sizes_change_between_groups_only(library: sos.SegmentLibrary) -> None:
    sizes = [[40, 60], [60, 40], [50, 50]]
    dataset = sos.SOSDataset(library, sos.Recipe().replace(canvas={"sizes": sizes, "same_for": 4}), length=80)
    drawn = [dataset.scene(index).size_hw for index in range(80)]
    assert all(drawn[index] == drawn[index - index % 4] for index in range(80))
    assert set(drawn) == {(40, 60), (60, 40), (50, 50)}


@pytest.mark.parametrize(
    ("argument", "value"),
    [("seed", -1), ("length", 0), ("block_size", 0), ("on_error", "ignore")],
)
def test_arguments_out_of_range_are_named(library: sos.SegmentLibrary, argument: str, value: Any) -> None:
    with pytest.raises(sos.StreamError, match=f"{argument}: expected .*, found {value!r}"):
        sos.SOSDataset(library, **{argument: value})


@pytest.mark.parametrize("index", [-1, 30])
def test_an_index_outside_the_epoch_is_refused(library: sos.SegmentLibrary, index: int) -> None:
    with pytest.raises(sos.StreamError, match=f"index {index} is not in an epoch of 30"):
        sos.SOSDataset(library, small_recipe(), length=30).sample(index)


def test_a_recipe_that_wants_photos_is_refused_at_once_without_them(library: sos.SegmentLibrary) -> None:
    with pytest.raises(sos.RecipeError, match=r"background\.weights\.photo"):
        sos.SOSDataset(library, small_recipe(background={"weights": {"photo": 1.0}}))


def test_a_dataset_crosses_processes(library: sos.SegmentLibrary) -> None:
    dataset = sos.SOSDataset(library, small_recipe(), seed=3, length=30)
    copy = pickle.loads(pickle.dumps(dataset))  # the interpreter's own, as a spawned worker does it
    assert digest(copy.sample(5)) == digest(dataset.sample(5))


def test_real_photos_lie_behind_the_objects(library: sos.SegmentLibrary, real_data: Path) -> None:
    photos = sos.Backgrounds.open(real_data / "backgrounds/scenes")
    dataset = sos.SOSDataset(library, small_recipe(objects=[0, 0]), length=20, backgrounds=photos)
    assert {dataset.scene(index).background.kind for index in range(20)} == {"photo"}
    images = torch.stack([dataset.sample(index)[0] for index in range(6)]).float()
    assert (images.flatten(1).std(1) > 15).all(), "photos are not flat"


def test_a_stored_scene_is_rendered_again(library: sos.SegmentLibrary) -> None:
    dataset = sos.SOSDataset(library, sos.Recipe().replace(canvas={"sizes": [[96, 96]]}))
    stored = dataset.scene(11).to_json()
    assert digest(dataset.render(sos.Scene.from_json(stored), image_id=11)) == digest(dataset.sample(11))


def test_reprs_say_what_it_is(library: sos.SegmentLibrary) -> None:
    dataset = sos.SOSDataset(library, length=64, seed=3)
    dataset.set_epoch(2)
    assert repr(dataset) == f"SOSDataset({library!r}, seed=3, length=64, epoch=2)"
    loader = sos.make_loader(dataset, 16)
    assert repr(loader) == f"SOSLoader(4 batches of {dataset!r} on cpu, in epoch 2)"
