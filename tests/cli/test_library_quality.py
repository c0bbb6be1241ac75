"""`library quality`: counts against the library's own columns, and a sheet of what a filter drops."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

import sos_online as sos
from sos_online.cli.cut_out_sheet import TILE, CutOut, Section, cut_out_sheet
from sos_online.cli.dropped_sheet import dropped_sheet
from sos_online.cli.quality_report import QualityReport
from sos_online.plan.choice import SegmentChoice
from sos_online.plan.quality import passing


def picture(side: int, seed: int, pieces: int = 1, inset: int = 4) -> np.ndarray[Any, Any]:
    """BGRA: squares of noise in a row on nothing."""
    noise = np.random.default_rng(seed).integers(0, 256, (side, side * pieces, 3))
    alpha = np.zeros((side, side, 1))
    alpha[inset : side - inset, inset : side - inset] = 255
    return np.dstack([noise, np.tile(alpha, (1, pieces, 1))]).astype(np.uint8)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sources, one with flags: ten apples, of which one repeats another; small, broken and cut off pears, of which
    the small one fills its file."""
    root = tmp_path_factory.mktemp("mixed")
    flags = {}
    for number in range(9):
        key = f"apple/red/{number}.png"
        flags[key] = {"IsInstance": number != 0, "Integrity": number not in (0, 3)}
        (root / "sos/apple/red").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / "sos" / key), picture(60, number))
    cv2.imwrite(str(root / "sos/apple/red/9.png"), picture(60, 8))
    flags["apple/red/9.png"] = {"IsInstance": True, "Integrity": True}
    (root / "flags.json").write_text(json.dumps(flags))
    (root / "folders/pear").mkdir(parents=True)
    pears = {
        "whole": picture(60, 20),
        "small": picture(20, 21, inset=0),
        "two": picture(60, 22, 2),
        "cut": picture(60, 23)[4:],
    }
    for name, pear in pears.items():
        cv2.imwrite(str(root / "folders/pear" / f"{name}.png"), pear)
    sources = [sos.SOSLayout(root / "sos", flags=root / "flags.json"), sos.CategoryFolders(root / "folders")]
    sos.build_library(root / "built", sources, name="mixed", workers=0)
    return root / "built"


def rows_of(library: sos.SegmentLibrary, *names: str) -> set[int]:
    return {row for row in range(len(library)) if Path(library.key(row)).stem in names}


def test_counts_by_criterion_and_source(run: Any, mixed: Path) -> None:
    status, out, _ = run(
        "library", "quality", mixed, "--json", "--min-opaque", 1000, "--min-component-share", 0.9,
        "--at-border", "drop", "--near-duplicates", "drop",
    )  # fmt: skip
    assert status == 0
    found = json.loads(out)
    assert found["segments"] == {"sos": 10, "folders": 4}
    assert found["passes"] == {
        "min_opaque: 1000": {"sos": 10, "folders": 3},
        "min_component_share: 0.9": {"sos": 10, "folders": 3},
        "at_border: drop": {"sos": 10, "folders": 3},
        "near_duplicates: drop": {"sos": 9, "folders": 4},
    }
    assert found["passes_all"] == {"sos": 9, "folders": 1}
    assert found["border_known"] == {"sos": 10, "folders": 3}
    assert found["inside_picture"] == {"sos": 10, "folders": 2}
    assert found["flags"]["IsInstance"] == {"known": {"sos": 10, "folders": 0}, "holds": {"sos": 9, "folders": 0}}
    assert found["flags"]["QualityAndRegularity"]["known"] == {"sos": 0, "folders": 0}
    library = sos.SegmentLibrary.open(mixed)
    pears = library.quality("opaque")[10:]
    assert found["quantiles"]["opaque"]["folders"] == np.quantile(pears, [0, 0.25, 0.5, 0.75, 1]).tolist()


def test_table_and_the_recipe_that_does_the_same(run: Any, mixed: Path, tmp_path: Path) -> None:
    words = ["library", "quality", mixed, "--flag", "Integrity", "--unknown-flags", "keep", "--min-opaque", 1000]
    status, out, _ = run(*words)
    assert status == 0
    assert "8 (80.0%)" in out and "holds for 9 (90.0%)" in out and "not known" in out
    lines = [[cell.strip() for cell in line.split("│")[1:4]] for line in out.splitlines() if line.startswith("│")]
    for title, count in (("at the border", "1 (25.0%)"), ("border not known", "1 (25.0%)")):
        assert [line[1:] for line in lines if line[0] == title] == [["sos", "0 (0.0%)"], ["folders", count]]
    assert ["no filter", "all", "14 (100.0%)"] in lines
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(out.split("In a recipe:\n")[1])
    _, by_options, _ = run(*words, "--json")
    _, by_recipe, _ = run("library", "quality", mixed, "--recipe", recipe, "--json")
    assert json.loads(by_options) == json.loads(by_recipe)
    assert json.loads(by_recipe)["filter"]["flags"] == ["Integrity"]


def test_options_replace_what_the_recipe_says(run: Any, mixed: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    quality = {"preset": "filter_1", "min_opaque": 1000}
    recipe.write_text(yaml.safe_dump({"choice": {"sources": {"sos": 1}, "quality": quality}}))
    status, out, _ = run("library", "quality", mixed, "-r", recipe, "--json", "--min-opaque", 10**6)
    assert status == 0
    assert json.loads(out)["passes"] == {"flag: IsInstance": {"sos": 9}, "min_opaque: 1000000": {"sos": 0}}


def test_what_the_command_counts_is_what_a_stream_draws(run: Any, mixed: Path) -> None:
    library = sos.SegmentLibrary.open(mixed)
    recipe = sos.Recipe().replace(
        canvas={"sizes": [[64, 64]]},
        choice={"quality": {"preset": "filter_2", "unknown_flags": "drop", "near_duplicates": "drop"}},
    )
    dataset = sos.SOSDataset(library, recipe, length=40)
    drawn = {placed.segment for index in range(40) for placed in dataset.scene(index).placements}
    status, out, _ = run(
        "library", "quality", mixed, "--preset", "filter_2", "--unknown-flags", "drop", "--json",
        "--near-duplicates", "drop",
    )  # fmt: skip
    assert status == 0
    assert len(drawn) == sum(json.loads(out)["passes_all"].values()) == 7
    assert drawn == rows_of(library, *"12345678") - rows_of(library, "3")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--preset", "filter_9"], "options: choice.quality.preset: Input should be 'filter_0', 'filter_1'"),
        (["--flag", "Integrety"], "options: choice.quality.flags.0: Input should be 'IsInstance', 'Integrity'"),
        (["--min-component-share", "1.5"], "options: choice.quality.min_component_share: Input should be less than"),
        (["--at-border", "no"], "options: choice.quality.at_border: Input should be 'keep' or 'drop'"),
        (["--preset", "filter_3"], "choice.quality: the flag QualityAndRegularity must hold, and no source says"),
        (
            ["--preset", "filter_1"],
            "choice.quality: the flag IsInstance must hold, and nothing is known of it in folders",
        ),
    ],
)
def test_errors_are_one_line_that_names_what_is_wrong(run: Any, mixed: Path, words: list[str], message: str) -> None:
    status, out, err = run("library", "quality", mixed, *words)
    assert status == 1 and out == ""
    assert err.startswith(f"error: {message}")


def test_sheet_shows_a_section_for_each_criterion(run: Any, mixed: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "new" / "dropped.png"
    status, out, _ = run(
        "library", "quality", mixed, "--min-opaque", 1000, "--near-duplicates", "drop", "--sheet", sheet
    )
    assert status == 0 and out.splitlines()[-1] == str(sheet)
    written = cv2.imread(str(sheet))
    alone = run("library", "quality", mixed, "--min-opaque", 1000, "--sheet", tmp_path / "alone.png")
    assert alone[0] == 0
    assert (
        written.shape[1] > 8 * TILE and written.shape[0] > cv2.imread(str(tmp_path / "alone.png")).shape[0] > 2 * TILE
    )


@pytest.mark.parametrize("by", ["nothing", "recipe"])
def test_sheet_without_a_filter_is_refused(run: Any, mixed: Path, tmp_path: Path, by: str) -> None:
    (tmp_path / "recipe.yaml").write_text("choice: {by: segment}\n")
    words = ["--recipe", tmp_path / "recipe.yaml"] if by == "recipe" else []
    status, out, err = run("library", "quality", mixed, *words, "--sheet", tmp_path / "dropped.png")
    assert status == 1 and out == "" and not (tmp_path / "dropped.png").exists()
    assert err == (
        "error: --sheet: expected a filter, by options such as --min-opaque 1024 or by choice.quality of --recipe, "
        "found none: nothing is dropped\n"
    )


def test_sheet_of_a_filter_that_drops_all_or_asks_for_nothing(mixed: Path) -> None:
    library = sos.SegmentLibrary.open(mixed)
    everything = QualityReport(library, SegmentChoice.model_validate({"quality": {"min_opaque": 10**6}}))
    nothing = QualityReport(library, SegmentChoice())
    assert dropped_sheet(everything, each=4).shape[0] > TILE > dropped_sheet(nothing, each=4).shape[0]


def test_rows_shown_are_spread_over_those_that_fail(mixed: Path) -> None:
    library = sos.SegmentLibrary.open(mixed)
    report = QualityReport(library, SegmentChoice())
    everything = passing([], library)
    assert report.spread(everything, 100).tolist() == list(range(14))
    assert report.spread(everything, 7).tolist() == list(range(1, 14, 2))
    one_source = QualityReport(library, SegmentChoice(sources={"folders": 1}))
    assert one_source.spread(everything, 2).tolist() == [11, 13]
    assert (
        one_source.spread(
            passing(SegmentChoice.model_validate({"quality": {"min_opaque": 10**6}}).quality.criteria(), library), 5
        ).tolist()
        == []
    )


def test_a_card_shows_its_cut_out_over_a_checkerboard_and_joined_cards_stay_in_one_row() -> None:
    red = CutOut(np.full((40, 40, 3), (255, 0, 0), np.uint8), np.full((40, 40), 255, np.uint8), ("red",))
    clear = CutOut(red.colour, np.zeros((40, 40), np.uint8), ("clear",), joined=True)
    sheet = cut_out_sheet("title", [Section("heading", "note", [red, red, clear])], columns=2)
    is_red = (sheet == (255, 0, 0)).all(axis=2)
    rows, columns = np.nonzero(is_red)
    assert is_red.sum() == 2 * 120**2, "enlarged three times and no more, and twice"
    assert columns.max() < sheet.shape[1] // 2, "the second begins a row, for the one that is joined to it to follow"
    assert len(set(np.diff(np.unique(rows)).tolist()) - {1}) == 1, "in two rows"


def test_a_broken_segment_is_named(mixed: Path, tmp_path: Path) -> None:
    class Broken(sos.SegmentLibrary):
        def colour(self, segment: int, level: int) -> Any:
            raise sos.BrokenSegmentError(f"segment {segment}")

    report = QualityReport(Broken(mixed), SegmentChoice.model_validate({"quality": {"min_opaque": 1000}}))
    with pytest.raises(sos.BrokenSegmentError, match="segment"):
        dropped_sheet(report, each=4)


def test_a_near_duplicate_of_a_segment_that_is_not_there_is_named(mixed: Path) -> None:
    class Damaged(sos.SegmentLibrary):
        def quality(self, measure: Any) -> Any:
            return np.full(len(self), 99) if measure == "duplicate_of" else super().quality(measure)

    report = QualityReport(Damaged(mixed), SegmentChoice.model_validate({"quality": {"near_duplicates": "drop"}}))
    with pytest.raises(sos.BrokenSegmentError, match=r"segment \d+ repeats segment 99, of 14"):
        dropped_sheet(report, each=2)


def test_a_real_library_is_filtered_by_its_measures(coco_library: sos.SegmentLibrary) -> None:
    quality = {"min_component_share": 0.95, "min_laplacian_variance": 50, "at_border": "drop"}
    choice = SegmentChoice.model_validate({"by": "category", "quality": quality})
    report = QualityReport(coco_library, choice)
    measured = {name: coco_library.quality(name) for name in ("component_share", "laplacian_variance", "at_border")}  # type: ignore[arg-type]
    passes = (
        (measured["component_share"] >= np.float32(0.95))
        & (measured["laplacian_variance"] >= 50)
        & (measured["at_border"] != 1)
    )
    assert report.count(report.criteria) == [int(passes.sum())]
    assert 0.3 * len(coco_library) < passes.sum() < 0.9 * len(coco_library)
    recipe = sos.Recipe().replace(canvas={"sizes": [[64, 64]]}, choice=choice.model_dump())
    dataset = sos.SOSDataset(coco_library, recipe, length=50)
    drawn = [placed.segment for index in range(50) for placed in dataset.scene(index).placements]
    assert passes[drawn].all()
