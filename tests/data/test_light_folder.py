"""Lighting composites that are files: the same again after an interruption, and nothing of the source is touched."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from torch import Tensor

import sos_online as sos
from sos_online.data.composite_folder import CompositeFolder
from sos_online.data.light_folder import LightReport, light_folder
from sos_online.errors import RecipeError, SOSError
from tests.conftest import small_recipe

RECIPE = small_recipe(64, light={"strength": [1, 1], "camera": {"share": 0.0}})


@pytest.fixture
def composites(library: sos.SegmentLibrary, tmp_path: Path) -> Path:
    """Five pictures of two sizes, one in a folder below; maps of 16 bits, of 8, and in panoptic colours."""
    folder = tmp_path / "composites"
    (folder / "more").mkdir(parents=True)
    for number, name in enumerate(["a.png", "b.png", "c.jpg", "more/d.png", "e.webp"]):
        side = 64 if number < 3 else 48
        image, target = sos.SOSDataset(library, small_recipe(side)).sample(number)
        ids = target["instance_map"].numpy()
        if number == 1:
            seen = ids.astype(np.uint8)
        elif number == 2:
            wide = ids.astype(np.int64) * 300  # ids beyond a byte, B G R
            seen = np.stack([wide >> 16, (wide >> 8) & 255, wide & 255], -1).astype(np.uint8)
        else:
            seen = ids.astype(np.uint16) * 7
        pixels = np.ascontiguousarray(image.as_subclass(Tensor).numpy().transpose(1, 2, 0)[..., ::-1])
        assert cv2.imwrite(str(folder / name), pixels)
        assert cv2.imwrite(str((folder / name).with_suffix(".seg.png")), seen)
    return folder


def light(folder: Path, out: Path, recipe: sos.Recipe = RECIPE, **options: Any) -> LightReport:
    return light_folder(CompositeFolder(folder), out, recipe, stage=sos.DeviceStage(), **options)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_pictures_are_lit_and_keep_their_names(composites: Path, tmp_path: Path) -> None:
    before = files(composites)
    report = light(composites, tmp_path / "lit")
    assert (report.lit, report.there, report.broken) == (5, 0, [])
    assert sorted(files(tmp_path / "lit")) == ["a.png", "b.png", "c.jpg", "e.webp", "light.json", "more/d.png"]
    assert files(composites) == before
    for name in ("a.png", "more/d.png"):
        lit, unlit = cv2.imread(str(tmp_path / "lit" / name)), cv2.imread(str(composites / name))
        assert lit.shape == unlit.shape
        assert np.abs(lit.astype(int) - unlit).mean() > 1


def test_all_kinds_of_maps_are_read(composites: Path, library: sos.SegmentLibrary) -> None:
    folder = CompositeFolder(composites)
    for number, name in enumerate(["a.png", "b.png", "c.jpg"]):
        _, target = sos.SOSDataset(library, small_recipe(64)).sample(number)
        _, instance_map, count = folder.read(name)
        assert count == len(target["labels"])
        assert np.array_equal(instance_map.numpy(), target["instance_map"].numpy())


def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(composites: Path, tmp_path: Path) -> None:
    light(composites, tmp_path / "whole", batch_size=2)

    class StoppedError(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done >= 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        light(composites, tmp_path / "parts", batch_size=1, progress=stop)
    assert len(files(tmp_path / "parts")) == 3
    report = light(composites, tmp_path / "parts", batch_size=3)
    assert (report.lit, report.there) == (3, 2)
    whole, parts = files(tmp_path / "whole"), files(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    for name in whole:
        if name != "light.json":
            one, other = (cv2.imread(str(tmp_path / run / name)).astype(int) for run in ("whole", "parts"))
            assert np.abs(one - other).max() <= (1 if name.endswith("png") else 4)


def test_a_picture_keeps_its_light_when_others_come(composites: Path, tmp_path: Path) -> None:
    light(composites, tmp_path / "five")
    for name in ("a.png", "a.seg.png"):
        (composites / name).unlink()
    light(composites, tmp_path / "four")
    one, other = files(tmp_path / "five"), files(tmp_path / "four")
    assert one["more/d.png"] == other["more/d.png"]


def test_broken_pictures_are_named_and_the_others_lit(composites: Path, tmp_path: Path) -> None:
    (composites / "b.png").write_bytes(b"no picture")
    cv2.imwrite(str(composites / "more/d.seg.png"), np.zeros((5, 5), np.uint8))
    report = light(composites, tmp_path / "lit")
    assert report.lit == 3
    assert len(report.broken) == 2
    assert "b.png" in report.broken[0] and "5 x 5" in report.broken[1]


def test_exceptions(composites: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="nothing to do"):
        light(composites, tmp_path / "lit", small_recipe(64))
    with pytest.raises(SOSError, match="outside"):
        light(composites, composites)
    light(composites, tmp_path / "lit")
    with pytest.raises(SOSError, match=r"light\.json.*another seed"):
        light(composites, tmp_path / "lit", seed=1)
    (composites / "a.seg.png").unlink()
    with pytest.raises(SOSError, match=r"a\.seg\.png"):
        CompositeFolder(composites)
    with pytest.raises(SOSError, match="expected a folder"):
        CompositeFolder(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SOSError, match="found none"):
        CompositeFolder(tmp_path / "empty")


def test_the_command(composites: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.to_yaml())
    command = [sys.executable, "-m", "sos_online", "relight", "folder", composites, tmp_path / "lit", "-r", recipe]
    done = subprocess.run([*map(str, command), "--json"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"lit": 5, "there": 0, "broken": []}
    (composites / "b.png").write_bytes(b"no picture")
    (tmp_path / "lit/b.png").unlink()
    again = subprocess.run([*map(str, command), "--json"], capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert json.loads(again.stdout)["there"] == 4
    assert "b.png" in again.stderr and "Traceback" not in again.stderr


def test_a_map_of_a_palette_holds_indices_and_not_colours(composites: Path) -> None:
    indices = np.zeros((64, 64), np.uint8)
    indices[5:9, 5:9], indices[20:30, 20:30] = 1, 2
    picture = Image.fromarray(indices).convert("P")
    picture.putdata(indices.flatten().tolist())
    picture.putpalette([255, 0, 0] * 3)  # no black, and all the same
    picture.save(composites / "a.seg.png")
    _, instance_map, count = CompositeFolder(composites).read("a.png")
    assert count == 2
    assert np.array_equal(instance_map.numpy(), indices)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda image: image.convert("RGBA"), "RGBA"),
        (lambda _: Image.fromarray(np.zeros((64, 64), np.uint16)), "I;16"),
        (lambda image: image.convert("LA"), "LA"),
    ],
)
def test_what_would_be_lost_is_refused(composites: Path, spoil: Any, message: str) -> None:
    with Image.open(composites / "a.png") as image:
        spoiled = spoil(image)
    spoiled.save(composites / "a.png")
    with pytest.raises(SOSError, match=message):
        CompositeFolder(composites).read("a.png")


def test_a_turned_photo_is_refused(composites: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(composites / "c.jpg") as image:
        image.load()
    image.save(composites / "c.jpg", exif=exif)
    with pytest.raises(SOSError, match="turn it"):
        CompositeFolder(composites).read("c.jpg")


def test_empty_and_hidden_files(composites: Path) -> None:
    (composites / "a.png").write_bytes(b"")
    (composites / "._b.png").write_bytes(b"what a Mac leaves")
    folder = CompositeFolder(composites)
    assert "._b.png" not in folder.names
    with pytest.raises(SOSError, match="it is empty"):
        folder.read("a.png")


def test_settings_that_only_bound_memory_may_change(composites: Path, tmp_path: Path) -> None:
    light(composites, tmp_path / "lit")
    assert light(composites, tmp_path / "lit", RECIPE.replace(iclight={"max_batch": 2})).there == 5


def test_it_says_nothing_when_all_is_well(composites: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    light(composites, tmp_path / "lit")
    assert capfd.readouterr() == ("", "")
