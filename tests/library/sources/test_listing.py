"""Sources as a YAML file lists them: every kind, every setting, and what is refused."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml

import sos_online as sos
import sos_online.library.sources as sources
from sos_online.library.sources import Source
from sos_online.library.sources.listing import make_sources, read_sources
from tests.library.conftest import read_all
from tests.library.sources.made_up import EVERY_KIND

ENTRIES: dict[str, dict[str, Any]] = {
    "coco": {"images": ".", "annotations": "instances.json", "min_area": 1},
    "lvis": {"images": ".", "annotations": "instances.json", "min_area": 1},
    "sos": {"root": "."},
    "folders": {"root": ".", "strip_digits": False},
    "cutouts": {"root": "."},
    "masks": {"images": "i", "masks": "m", "category": "person", "min_area": 1},
    "voc": {"root": ".", "min_area": 1},
    "ade20k": {"root": ".", "min_area": 1},
    "sa1b": {"root": ".", "min_area": 1},
    "parquet": {"path": "part.parquet"},
    "tars": {"path": "shard.tar"},
}


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), "utf-8")
    return path


@pytest.mark.parametrize("kind", ENTRIES)
def test_an_entry_gives_the_source_of_its_kind(tmp_path: Path, kind: str) -> None:
    """With paths from the file's folder, whatever the current one; and the same segments."""
    made = EVERY_KIND[kind](tmp_path / "in")
    listing = write(tmp_path / "in/list.yaml", [{"kind": kind, "name": "mine", **ENTRIES[kind]}])
    (source,) = read_sources(listing)
    assert type(source) is type(made)
    assert source.name == "mine"
    assert list(source.units()) == list(made.units())
    assert [item.key for item in read_all(source)] == [item.key for item in read_all(made)]


def test_every_setting_of_every_source_can_be_listed() -> None:
    """A setting that a source gains is missed here."""
    made = {"coco": sources.CocoInstances, "lvis": sources.LvisInstances, "sos": sources.SOSLayout,
            "folders": sources.CategoryFolders, "cutouts": sources.Cutouts, "masks": sources.MaskPairs,
            "voc": sources.VocSegmentation, "ade20k": sources.Ade20k, "sa1b": sources.Sa1b,
            "parquet": sources.ParquetSegments, "tars": sources.WebDatasetTars}  # fmt: skip
    assert set(made) == set(EVERY_KIND)
    for kind, source in made.items():
        parameters = inspect.signature(source).parameters.values()
        required = {one.name: "x" for one in parameters if one.default is inspect.Parameter.empty}
        plain = {
            one.name: list(one.default) if isinstance(one.default, tuple) else one.default
            for one in parameters
            if one.default is not inspect.Parameter.empty
        }
        listed = make_sources([{"kind": kind, **required, **plain}], "test")
        assert listed == make_sources([{"kind": kind, **required}], "test") == [source(**required)]


def test_paths_are_taken_from_the_files_folder(tmp_path: Path) -> None:
    listing = [
        {"kind": "cutouts", "root": "a", "table": "b/t.csv", "flags": "/c/flags.json"},
        {"kind": "sos", "root": "../d", "metadata": None},
    ]
    one, two = read_sources(write(tmp_path / "list.yaml", listing))
    assert one == sources.Cutouts(tmp_path / "a", table=tmp_path / "b/t.csv", flags="/c/flags.json")
    assert two == sources.SOSLayout(tmp_path / "../d")
    (three,) = make_sources([{"kind": "sos", "root": "d"}], "options")
    assert three == sources.SOSLayout("d")


def test_only_images_as_a_list_or_a_file(tmp_path: Path) -> None:
    write(tmp_path / "names.txt", "a.png\n\nb.png\n")
    entries = [{"kind": "folders", "root": ".", "only_images": only} for only in ("names.txt", ["a.png", "b.png"])]
    one, two = read_sources(write(tmp_path / "list.yaml", entries))
    assert one == two == sources.CategoryFolders(tmp_path, only_images=["a", "b"])


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ([{"kind": "sos", "root": "a", "rot": 1}], r"list\.yaml: sources\[0\]: sos: rot: unknown key"),
        ([{"kind": "sos"}], r"sources\[0\]: sos: root: is missing"),
        (
            [{"kind": "sos", "root": "a"}, {"kind": "coco", "images": "a"}],
            r"sources\[1\]: coco: annotations: is missing",
        ),
        ([{"kind": "sos", "root": 5}], r"sources\[0\]: sos: root: .*, found 5"),
        (
            [{"kind": "sa1b", "root": "a", "min_iou": 2}],
            r"sources\[0\]: sa1b: min_iou: .*less than or equal to 1, found 2",
        ),
        ([{"kind": "coco", "images": "a", "annotations": "b", "min_area": 0}], r"coco: min_area: .*, found 0"),
        *(
            (
                [{"kind": kind, "images": "a", "annotations": "b", "min_area": value}],
                rf"{kind}: min_area: .*, found {value}$",
            )
            for kind in ("coco", "lvis")
            for value in (True, False)
        ),
        ([{"kind": "sa1b", "root": "a", "min_iou": True}], r"sa1b: min_iou: expected a number, found True$"),
        (
            [{"kind": "sa1b", "root": "a", "min_stability": False}],
            r"sa1b: min_stability: expected a number, found False$",
        ),
        (
            [{"kind": "masks", "images": "a", "masks": "b", "category": "c", "not_objects": [0, True]}],
            r"masks: not_objects\.1: expected a number, found True$",
        ),
        ([{"kind": "cocoa", "root": "a"}], r"sources\[0\]: kind: expected coco, lvis, .*, tars, found 'cocoa'"),
        ([{"root": "a"}], r"sources\[0\]: kind: expected coco, lvis, .*, tars, found None"),
        ([5], r"sources\[0\]: .*, found 5"),
        ([{"kind": "masks", "images": "a", "masks": "b", "category": " "}], "expected the name of a category"),
        ([{"kind": "cutouts", "root": "a", "pattern": "("}], "is no regular expression"),
        ([{"kind": "folders", "root": "a", "only_images": "none.txt"}], r"none\.txt: cannot be read as lines"),
        (
            [{"kind": "coco", "images": "a", "annotations": "b", "only_images": [9]}],
            r"^[^\n]*coco: only_images: expected a list of names, or a text file of them$",
        ),
        ({"kind": "sos"}, r"list\.yaml: expected a list of sources"),
        ([], r"list\.yaml: expected a list of sources"),
        ("- kind: sos\n  root: a\n  root: b\n", r"list\.yaml: cannot be read: not YAML: key 'root' is given twice"),
        ("- {", r"list\.yaml: cannot be read: not YAML"),
        ("- !!python/object/apply:os.getcwd []\n", r"list\.yaml: cannot be read: not YAML"),
        (None, r"list\.yaml: cannot be read: No such file"),
    ],
    ids=str,
)
def test_exception_names_file_entry_and_key(tmp_path: Path, content: object, named: str) -> None:
    path = tmp_path / "list.yaml"
    if content is not None:
        write(path, content)
    with pytest.raises(sos.SourceError, match=named):
        read_sources(path)


def test_all_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    entries = [{"kind": "sos", "rot": "a"}, {"kind": "sos", "root": "a", "flag": "b"}]
    with pytest.raises(sos.SourceError) as caught:
        read_sources(write(tmp_path / "list.yaml", entries))
    assert [line.partition("sources")[2] for line in str(caught.value).splitlines()] == [
        "[0]: sos: root: is missing",
        "[0]: sos: rot: unknown key",
        "[1]: sos: flag: unknown key",
    ]


def test_the_example_of_the_docs_is_read(tmp_path: Path) -> None:
    """As it stands there."""
    text = (Path(__file__).parents[3] / "docs/sources.md").read_text("utf-8")
    example = text.partition("```yaml\n")[2].partition("```")[0]
    write(tmp_path / "val_images.txt", "a.jpg\n")
    listed: list[Source] = read_sources(write(tmp_path / "list.yaml", example))
    assert {type(source).__name__ for source in listed} == {
        "CocoInstances", "LvisInstances", "SOSLayout", "CategoryFolders", "Cutouts", "MaskPairs",
        "VocSegmentation", "Ade20k", "Sa1b", "ParquetSegments", "WebDatasetTars",
    }  # fmt: skip
