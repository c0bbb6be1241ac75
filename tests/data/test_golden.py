"""Golden scenes: what a seed gives may not change by accident.

A change of the plan changes every user's stream; when it is meant, write the file anew and say so in the changelog:

    python -m tests.data.test_golden
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

import sos_online as sos
from tests.conftest import draw_cutouts, small_recipe

GOLDEN = Path(__file__).with_name("golden_scenes.json")
RECIPES = {
    "fc": small_recipe(200),
    "augmented": small_recipe(
        120, placement={"scale": [0.5, 1.5], "flip_x": 0.5, "flip_y": 0.5, "rotation": 180.0}, choice={"by": "category"}
    ),
    "single category": small_recipe(90, choice={"single_category": True}, placement={"mode": "stretch"}),
}
COORDINATES = [(0, 0, 0), (0, 3, 7), (12345678901, 0, 999)]


def observe(library: sos.SegmentLibrary, name: str, seed: int, epoch: int, index: int) -> dict[str, object]:
    dataset = sos.SOSDataset(library, RECIPES[name], seed=seed, length=1000)
    image, target = dataset.sample(index, epoch)
    return {
        "scene": json.loads(dataset.scene(index, epoch).to_json()),
        "boxes": target["boxes"].tolist(),
        "area": target["area"].tolist(),
        "segment_ids": target["segment_ids"].tolist(),
        "mean_rgb": image.float().mean((1, 2)).tolist(),
    }


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("position", range(len(COORDINATES)))
def test_scenes_are_those_of_the_golden_file(library: sos.SegmentLibrary, name: str, position: int) -> None:
    expected = json.loads(GOLDEN.read_text())[name][position]
    found = json.loads(json.dumps(observe(library, name, *COORDINATES[position])))
    assert found["scene"] == expected["scene"]
    assert found["segment_ids"] == expected["segment_ids"]
    assert found["boxes"] == expected["boxes"]
    assert found["area"] == pytest.approx(expected["area"], abs=1)
    assert found["mean_rgb"] == pytest.approx(expected["mean_rgb"], abs=0.2)


def write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = sos.CategoryFolders(draw_cutouts(Path(folder) / "cutouts"))
        library = sos.build_library(Path(folder) / "built", [source], encoding=sos.Encoding(ladder=(16, 32, 64)))
        golden = {name: [observe(library, name, *place) for place in COORDINATES] for name in RECIPES}
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    write()
