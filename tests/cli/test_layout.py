"""`sos-online layout`, as a user types it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

import sos_online as sos
from tests.data.layout_sets import coco_content, write_json


def write_recipe(folder: Path, layout: dict[str, Any]) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({"layout": layout, "canvas": {"sizes": [[120, 160]]}}))
    return path


def test_fit_then_show(run: Any, tmp_path: Path, real_data: Path, library: sos.SegmentLibrary) -> None:
    out = tmp_path / "learned.json"
    status, printed, _ = run("layout", "fit", real_data / "coco/instances_train.json", out, "--boxes", 8)
    assert status == 0
    assert "2,079 boxes of 254 pictures" in printed and "20 crowd" in printed and "80 categories" in printed
    recipe = write_recipe(tmp_path, {"kind": "learned", "path": str(out), "categories": "choice"})
    status, printed, _ = run("layout", "show", tmp_path / "sheet.png", "-r", recipe, "-l", library.root, "-n", 5)
    assert status == 0 and printed.strip() == str(tmp_path / "sheet.png")
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet.shape == (2 * 250 + 10, 3 * 250 + 10, 3)
    assert len(np.unique(sheet.reshape(-1, 3), axis=0)) > 10, "boxes of many colours"


def test_table_then_preview(run: Any, tmp_path: Path, library: sos.SegmentLibrary) -> None:
    out = tmp_path / "boxes.arrow"
    status, printed, _ = run("layout", "table", write_json(tmp_path, coco_content()), out)
    assert status == 0 and "4 boxes of 2 pictures" in printed and "1 empty box" in printed
    recipe = write_recipe(tmp_path, {"kind": "box_table", "path": str(out)})
    status, _, _ = run("preview", tmp_path / "seen", "-r", recipe, "-l", library.root, "-n", 2)
    assert status == 0 and (tmp_path / "seen" / "sheet.png").exists()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["fit", "gone.json", "out.json"], "gone.json"),
        (["fit", "boxes.json", "out.yaml"], "out.yaml: expected a name that ends in .json"),
        (["table", "boxes.json", "out.csv"], "out.csv: expected a name that ends in .arrow"),
        (["show", "sheet.jpg"], "sheet.jpg: expected a name that ends in .png"),
        (["show", "sheet.png", "-r", "recipe.yaml"], "recipe.yaml"),
    ],
)
def test_exception_is_one_line(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], named: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_json(tmp_path, coco_content())
    status, out, err = run("layout", *words)
    assert status == 1 and named in err and out == "" and "Traceback" not in err
    assert not list(tmp_path.glob("out.*")) and not list(tmp_path.glob("sheet.*"))


def test_exception_shows_the_field_and_not_all_that_is_in_it(run: Any, tmp_path: Path) -> None:
    content = coco_content()
    content["categories"][0]["name"] = {f"key {number}": number for number in range(99)}
    status, _, err = run("layout", "fit", write_json(tmp_path, content), tmp_path / "out.json")
    assert status == 1 and "categories[0]: field 'name': expected a text, found {'key 0'" in err
    assert "key 20" not in err and err.count("\n") == 1
