"""`sos-online library build`: every kind of source by an option or by YAML, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import sos_online as sos
from tests.library.conftest import disc, write_coco, write_files
from tests.library.sources.made_up import EVERY_KIND, write_lvis, write_masks

# kind: the options by which it is built
OPTIONS: dict[str, list[str]] = {
    "coco": ["--coco", "{}/instances.json", "--images", "{}"],
    "lvis": ["--lvis", "{}/instances.json", "--images", "{}"],
    "sos": ["--sos", "{}"],
    "folders": ["--folders", "{}"],
    "cutouts": ["--cutouts", "{}"],
    "masks": ["--masks", "{}/m", "--images", "{}/i", "--category", "person"],
    "voc": ["--voc", "{}"],
    "ade20k": ["--ade20k", "{}"],
    "sa1b": ["--sa1b", "{}"],
    "parquet": ["--parquet", "{}"],
    "tars": ["--tars", "{}"],
}


def keys(path: Path) -> list[str]:
    library = sos.SegmentLibrary.open(path)
    return sorted(library.key(row) for row in range(len(library)))


@pytest.fixture
def build(run: Any) -> Any:
    """``build(*words)`` in this process."""
    return lambda *words: run("library", "build", *words, "--workers", 0)


@pytest.mark.parametrize("kind", OPTIONS)
def test_every_kind_of_source(build: Any, tmp_path: Path, kind: str) -> None:
    source = EVERY_KIND[kind](tmp_path / "in")
    expected = sorted(
        item.key
        for unit in source.units()
        for item in source.read(unit)
        if isinstance(item, sos.library.sources.RawSegment)
    )
    options = [word.replace("{}", str(tmp_path / "in")) for word in OPTIONS[kind]]
    if "min_area" in source.settings():
        options += ["--min-area", "1"]
    status, out, err = build(tmp_path / "out", *options)
    assert status == 0, err
    assert keys(tmp_path / "out") == expected
    assert "left out" in out


def test_options_and_yaml_in_one_library(build: Any, tmp_path: Path) -> None:
    write_coco(tmp_path / "coco")
    write_files(tmp_path / "crops", {"mug/1.png": disc()})
    listing = tmp_path / "list.yaml"
    listing.write_text(yaml.safe_dump([{"kind": "folders", "root": "crops", "name": "mine"}]))
    status, out, _ = build(
        tmp_path / "out", "--coco", tmp_path / "coco/instances.json", "--images", tmp_path / "coco",
        "--min-area", 1, "--sources", listing, "--name", "both", "--licence", "CC0", "--json",
    )  # fmt: skip
    assert status == 0
    report = json.loads(out)
    assert [source["name"] for source in report["sources"]] == ["instances", "mine"]
    assert (report["name"], report["licence"]) == ("both", "CC0")


def test_append_and_vocabulary(build: Any, tmp_path: Path) -> None:
    """A name that is joined, an id that is kept, and a source that comes later."""
    write_files(tmp_path / "one", {"cup/1.png": disc(), "zebra/1.png": disc(seed=1)})
    write_files(tmp_path / "two", {"mug/1.png": disc(20, 9, seed=2)})
    (tmp_path / "synonyms.yaml").write_text("cup: [mug]\n")
    (tmp_path / "ids.txt").write_text("zebra\ncup\n")
    out, words = tmp_path / "out", ["--synonyms", tmp_path / "synonyms.yaml", "--ids-from", tmp_path / "ids.txt"]
    assert build(out, "--folders", tmp_path / "one", *words)[0] == 0
    assert sos.SegmentLibrary.open(out).category_names == ["zebra", "cup"]
    assert build(out, "--folders", tmp_path / "two", "--append")[0] == 0
    library = sos.SegmentLibrary.open(out)
    assert library.category_names == ["zebra", "cup"]
    assert library.category_starts.tolist() == [0, 1, 3]
    assert [source.name for source in library.manifest.sources] == ["one", "two"]


def test_coco_and_lvis_take_their_images_in_turn(build: Any, tmp_path: Path) -> None:
    write_coco(tmp_path / "c")
    write_lvis(tmp_path / "l").annotations.rename(tmp_path / "l/lvis.json")
    both = ["--lvis", tmp_path / "l/lvis.json", "--coco", tmp_path / "c/instances.json"]
    images = ["--images", tmp_path / "c", "--images", tmp_path / "l"]
    status, _, err = build(tmp_path / "out", *both, *images, "--min-area", 1)
    assert status == 0, err
    (tmp_path / "l/a.png").unlink()
    status, _, err = build(tmp_path / "other", *both, *images, "--min-area", 1)
    assert status == 1 and "l/train2017/a.png" in err


def test_only_images_of_crops(build: Any, tmp_path: Path) -> None:
    root = write_files(tmp_path / "in", {"person1/12_0.png": disc(), "person2/123_0.png": disc()})
    (tmp_path / "names.txt").write_text("12.jpg\n")
    assert build(tmp_path / "out", "--folders", root, "--strip-digits", "--only-images", tmp_path / "names.txt")[0] == 0
    assert keys(tmp_path / "out") == ["person1/12_0.png"]


def test_exception_for_a_list_of_images_of_two_kinds(build: Any, tmp_path: Path) -> None:
    """Limiting one of them alone would let images in that the list leaves out."""
    write_coco(tmp_path / "c")
    root = write_files(tmp_path / "in", {"mug/1.png": disc()})
    (tmp_path / "names.txt").write_text("a.png\n")
    words = ["--coco", tmp_path / "c/instances.json", "--images", tmp_path / "c", "--folders", root]
    status, _, err = build(tmp_path / "out", *words, "--only-images", tmp_path / "names.txt")
    assert status == 1 and "--only-images: expected --coco and --lvis, or --folders, found both" in err
    assert not (tmp_path / "out").exists()


def test_a_table_and_flags(build: Any, tmp_path: Path) -> None:
    root = write_files(tmp_path / "in", {"a.png": disc(), "b.png": disc(seed=1)})
    (tmp_path / "t.csv").write_text("file,category,description\na.png,mug,A mug.\nb.png,cup,\n")
    (tmp_path / "f.json").write_text('{"a": {"Integrity": "no"}, "b.png": {"Integrity": true}}')
    words = ["--cutouts", root, "--table", tmp_path / "t.csv", "--flags", tmp_path / "f.json"]
    assert build(tmp_path / "out", *words)[0] == 0
    library = sos.SegmentLibrary.open(tmp_path / "out")
    assert library.category_names == ["cup", "mug"]
    assert [library.words(row).description for row in range(2)] == ["", "A mug."]
    integrity = 1 << 1
    assert library.quality("flags").tolist() == [integrity, 0]
    assert library.quality("flags_known").tolist() == [integrity, integrity]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "name at least one source, such as --coco JSON --images FOLDER"),
        (["--coco", "a.json"], "--coco, --lvis and --masks are given 1 times and --images 0 times: they pair up"),
        (["--masks", "m", "--images", "i"], "options: sources[0]: masks: category: is missing"),
        (["--sos", "a", "--folders", "b", "--flags", "f"], "--flags: expected one source of RGBA images, found 2"),
        (["--coco", "a", "--images", "b", "--flags", "f"], "--flags: expected one source of RGBA images, found 0"),
        (["--folders", "b", "--table", "f"], "--table: expected one --cutouts, found 0"),
        (["--sos", "b", "--strip-digits"], "--strip-digits: expected --folders, which takes it, found none"),
        (["--sos", "b", "--only-images", "f"], "--only-images: expected --coco, --lvis or --folders, which take it"),
        (["--cutouts", "b", "--category", "x"], "--category: expected --masks, --sa1b or --tars, which take it"),
        (["--sa1b", "b", "--tars", "c", "--category", "x"], "--category: expected one of --masks, --sa1b, --tars"),
        (["--sos", "b", "--min-area", "9"], "--min-area: expected --coco, --lvis, --masks, --voc, --ade20k or --sa1b"),
        (["--sources", "l.yaml", "--min-area", "9"], "found none; --sources has settings for each"),
        (["--append", "--sos", "a", "--name", "x"], "--append: a library keeps its settings"),
        (["--append", "--sos", "a", "--max-side", "64"], "--append: a library keeps its settings"),
        (["--sources", "none.yaml"], "none.yaml: cannot be read: No such file"),
        (["--sos", "none"], "none: a source in the SOS layout must be a folder; it is not there"),
        (["--coco", "none.json", "--images", "b", "--only-images", "none.txt"], "none.txt: cannot be read as lines"),
        (["--sos", "a", "--synonyms", "none.yaml"], "none.yaml: cannot be read: No such file"),
    ],
)
def test_what_is_refused_is_one_line(
    build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], named: str
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, err = build("out", *words)
    assert status == 1
    assert err.startswith("error: ") and named in err and err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_area_of_no_pixel_is_refused_on_the_command_line_and_in_yaml(build: Any, tmp_path: Path) -> None:
    status, _, err = build(tmp_path / "out", "--voc", tmp_path, "--min-area", 0)
    assert status == 2 and "--min-area" in err
    (tmp_path / "l.yaml").write_text("[{kind: voc, root: ., min_area: 0}]")
    status, _, err = build(tmp_path / "out", "--sources", tmp_path / "l.yaml")
    assert status == 1 and "sources[0]: voc: min_area" in err and "greater than or equal to 1" in err


def test_help_groups_the_options(run: Any) -> None:
    status, out, _ = run("library", "build", "--help")
    assert status == 0
    for panel in ("Sources, each may be given several times", "About the sources", "Vocabulary"):
        assert panel in out
    for option in OPTIONS:
        assert f"--{option}" in out


def test_masks_of_two_folders_and_one_category(build: Any, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_masks(tmp_path / name)
        (tmp_path / name / "i").rename(tmp_path / name / name)
    words = [word for name in ("one", "two") for word in ("--images", tmp_path / name / name)]
    words += [word for name in ("one", "two") for word in ("--masks", tmp_path / name / "m")]
    status, _, err = build(tmp_path / "out", *words, "--category", "person", "--min-area", 1)
    assert status == 0, err
    assert len(keys(tmp_path / "out")) == 12
