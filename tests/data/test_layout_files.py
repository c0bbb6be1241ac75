"""Files of a recipe's layouts: their paths, what a position in a stream depends on, and every config at work."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from sos_online.data.box_tables import write_box_table
from sos_online.data.coco_boxes import read_coco_boxes
from sos_online.data.layout_files import expand, read_layout_files
from sos_online.data.learned_files import write_learned_layout
from sos_online.errors import RecipeError, SourceError
from sos_online.library.sources import LvisInstances
from sos_online.plan.layout import fit_layout
from tests.conftest import ROOT, small_recipe
from tests.data.layout_sets import coco_content, write_json

KINDS = ("box_table", "learned")
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
DIFFUSION = {"light_blended", "light_mixture", "light_paper", "light_relit"}


def with_layout(path: object, kind: str = "box_table", **settings: Any) -> sos.Recipe:
    layout = {"kind": kind, "path": str(path), "categories": "choice", **settings}
    return small_recipe(96, objects=[2, 4], layout=layout)


def dataset(library: sos.SegmentLibrary, recipe: sos.Recipe) -> sos.SOSDataset:
    return sos.SOSDataset(library, recipe, length=50)


# paths


def test_variables_are_expanded_when_a_dataset_is_made(
    library: sos.SegmentLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_json(tmp_path, coco_content())
    recipe = with_layout("${SOME_DATA}/${BOXES}.json")
    with pytest.raises(RecipeError, match=r"layout box_table: path: .*environment variable SOME_DATA is not set"):
        dataset(library, recipe)
    monkeypatch.setenv("SOME_DATA", str(tmp_path))
    monkeypatch.setenv("BOXES", "boxes")
    assert len(dataset(library, recipe).scene(0).placements) >= 2
    assert "${SOME_DATA}" in recipe.to_yaml()


def test_what_stands_for_a_variable_that_is_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_json(tmp_path, coco_content())
    monkeypatch.setenv("SOME_DATA", "")
    assert expand(f"${{SOME_DATA:-{tmp_path}}}/boxes.json", "here") == path
    monkeypatch.setenv("SOME_DATA", str(tmp_path))
    assert expand("${SOME_DATA:-nowhere}/boxes.json", "here") == path


def test_relative_paths_begin_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_json(tmp_path, coco_content())
    monkeypatch.chdir(tmp_path)
    assert expand("boxes.json", "here").resolve() == path


@pytest.mark.parametrize("kind", KINDS)
def test_exception_for_a_missing_file(library: sos.SegmentLibrary, tmp_path: Path, kind: str) -> None:
    for path in (tmp_path / "gone.json", tmp_path):  # a folder is no file
        with pytest.raises(SourceError, match=rf"layout {kind}: path: .*{path.name}: expected a file"):
            dataset(library, with_layout(path, kind))


def test_a_file_is_read_once_for_each_kind(tmp_path: Path) -> None:
    path = str(write_json(tmp_path, coco_content()))
    parts = [{"weight": 1, "layout": {"kind": kind, "path": path}} for kind in (*KINDS, *KINDS)]
    files = read_layout_files(sos.Recipe.parse({"layout": {"kind": "mixture", "parts": parts}}).layout)
    assert list(files) == [(kind, path) for kind in KINDS]


# what a position in a stream depends on


@pytest.mark.parametrize("kind", KINDS)
def test_identity_depends_on_what_is_in_the_file_and_not_on_where_it_is(
    library: sos.SegmentLibrary, tmp_path: Path, kind: str
) -> None:
    here, there = write_json(tmp_path, coco_content()), tmp_path / "copy.json"
    shutil.copy(here, there)
    first, second = (dataset(library, with_layout(path, kind)) for path in (here, there))
    assert first.identity() == second.identity()
    assert [first.scene(index) for index in range(5)] == [second.scene(index) for index in range(5)]
    content = coco_content()
    content["annotations"][0]["bbox"][2] += 5
    there.write_text(json.dumps(content))
    assert dataset(library, with_layout(there, kind)).identity() != first.identity()


def test_identity_does_not_depend_on_the_kind_of_file(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    """What the commands write gives the same stream as the JSON that they read."""
    path = write_json(tmp_path, coco_content())
    coco = read_coco_boxes(path)
    write_box_table(tmp_path / "boxes.arrow", coco.table)
    write_learned_layout(tmp_path / "learned.json", fit_layout(coco.table, coco.aspects), "boxes.json")
    for kind, other in zip(KINDS, ("boxes.arrow", "learned.json"), strict=True):
        first, second = (dataset(library, with_layout(one, kind)) for one in (path, tmp_path / other))
        assert first.identity() == second.identity()
        assert first.scene(3) == second.scene(3)


def test_a_stream_goes_on_only_with_the_same_layout(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    path = write_json(tmp_path, coco_content())
    loader = sos.make_loader(dataset(library, with_layout(path)), batch_size=2)
    state = loader.state_dict()
    content = coco_content()
    content["annotations"].pop(0)
    path.write_text(json.dumps(content))
    with pytest.raises(sos.StreamError, match="layout_files"):
        sos.make_loader(dataset(library, with_layout(path)), batch_size=2).load_state_dict(state)


@pytest.mark.parametrize(("kind", "context"), [*((kind, "fork") for kind in KINDS), ("box_table", "spawn")])
def test_workers_lay_out_the_same(library: sos.SegmentLibrary, tmp_path: Path, kind: str, context: str) -> None:
    coco = read_coco_boxes(write_json(tmp_path, coco_content()))
    write_box_table(tmp_path / "boxes.arrow", coco.table)
    write_learned_layout(tmp_path / "learned.json", fit_layout(coco.table, coco.aspects), "boxes.json")
    path = tmp_path / {"box_table": "boxes.arrow", "learned": "learned.json"}[kind]
    streams = [dataset(library, with_layout(path, kind)) for _ in range(2)]
    options: list[dict[str, Any]] = [{"num_workers": 0}, {"num_workers": 1, "multiprocessing_context": context}]
    loaders = [sos.make_loader(one, batch_size=4, **each) for one, each in zip(streams, options, strict=True)]
    (_, alone), (_, by_worker) = (next(iter(loader)) for loader in loaders)
    for one, other in zip(alone, by_worker, strict=True):
        assert one["boxes"].tolist() == other["boxes"].tolist()


# every config


@pytest.fixture(scope="module")
def lvis_library(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> sos.SegmentLibrary:
    source = LvisInstances(real_data / "lvis/images", real_data / "lvis/lvis_v0.5_val_subset.json")
    return sos.build_library(tmp_path_factory.mktemp("lvis") / "built", [source])


@pytest.fixture(scope="module")
def general_library(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> sos.SegmentLibrary:
    """A set in the released layout, of many categories with a segment each."""
    folder = tmp_path_factory.mktemp("general")
    for category in sorted(path for path in (real_data / "emoji3d").iterdir() if path.is_dir())[:30]:
        shutil.copytree(category, folder / "set" / category.name)
    shutil.copy(real_data / "emoji3d/object_segments_metadata.json", folder / "set")
    return sos.build_library(folder / "built", [sos.SOSLayout(folder / "set")])


@pytest.mark.parametrize("path", [path for path in CONFIGS if path.stem not in DIFFUSION], ids=lambda path: path.stem)
def test_every_config_makes_samples(
    path: Path,
    real_data: Path,
    lvis_library: sos.SegmentLibrary,
    general_library: sos.SegmentLibrary,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On the data that it names, and on a library of the kind that it is for."""
    monkeypatch.setenv("SOS_DATA", os.path.relpath(real_data))
    recipe = sos.Recipe.load(path).replace(canvas={"sizes": [[192, 256]]})
    library = lvis_library if path.stem == "lvis" else general_library
    stream = sos.SOSDataset(library, recipe, length=10)
    for index in range(4):
        image, target = stream.sample(index)
        assert image.shape == (3, 192, 256)
        assert len(target["boxes"]) == len(target["labels"]) >= 1
        if "single_category: true" in path.read_text():
            assert len(set(target["labels"].tolist())) == 1
    assert len(stream.scene(0).placements) >= 5


def test_configs_of_diffusion_are_the_only_ones_left_out() -> None:
    assert {path.stem for path in CONFIGS if sos.Recipe.load(path).wants_diffusion} == DIFFUSION


def test_what_comes_together_in_a_set_comes_together_in_its_library(
    lvis_library: sos.SegmentLibrary, real_data: Path
) -> None:
    recipe = with_layout(real_data / "lvis/lvis_v0.5_val_subset.json", "learned").replace(
        layout={"categories": "layout"}, objects=[10, 10]
    )
    stream = dataset(lvis_library, recipe)
    kinds = [len({placement.category for placement in stream.scene(index).placements}) for index in range(30)]
    assert sum(kinds) / len(kinds) < 6, "far fewer than if each were drawn on its own"
