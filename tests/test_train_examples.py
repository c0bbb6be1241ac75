"""The training examples run, learn, and go on after a stop as if there had been none."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import yaml

import sos_online as sos
from tests.conftest import ROOT, draw_cutouts

SCRIPT = ROOT / "train_examples" / "detection.py"
CONFIGS = sorted((ROOT / "train_examples" / "configs").glob("*.yaml"))
RECIPE = {"canvas": {"sizes": [[64, 64]]}, "objects": [0, 2], "layout": {"large": 1.0, "large_area": [0.2, 0.5]}}
TINY = {
    "detector": "fasterrcnn_mobilenet_v3_large_320_fpn",
    "detector_options": {
        "min_size": 64,
        "max_size": 64,
        "box_batch_size_per_image": 8,
        "rpn_post_nms_top_n_train": 20,
        "rpn_post_nms_top_n_test": 20,
    },
    "recipe": RECIPE,
    "steps": 8,
    "batch_size": 2,
    "num_workers": 0,
    "learning_rate": 0.01,
    "warmup_steps": 2,
    "weight_decay": 1.0e-4,
    "held_out": 4,
    "log_every": 1,
    "evaluate_every": 8,
    "checkpoint_every": 4,
}


@pytest.fixture(scope="module")
def detection() -> ModuleType:
    """The example as a module; it lies outside the package."""
    spec = importlib.util.spec_from_file_location("detection_example", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # pydantic looks annotations up there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> sos.SegmentLibrary:
    """Three categories, two of which COCO knows."""
    folder = tmp_path_factory.mktemp("people")
    cutouts = draw_cutouts(folder / "cutouts")
    shutil.rmtree(cutouts / "dot")
    (cutouts / "post").rename(cutouts / "Person")
    (cutouts / "plate").rename(cutouts / "dining_table")
    return sos.build_library(folder / "built", [sos.CategoryFolders(cutouts)])


def write_config(folder: Path, **changes: Any) -> Path:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({**TINY, **changes}))
    return path


def arguments(config: Path, out: Path, library: sos.SegmentLibrary) -> list[str]:
    return [str(config), "--out", str(out), "--library", str(library.root)]


def read_log(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def losses(out: Path) -> list[tuple[int, float]]:
    return [(line["step"], line["loss"]) for line in read_log(out) if "loss" in line]


def test_the_loss_falls(detection: ModuleType, people: sos.SegmentLibrary, tmp_path: Path) -> None:
    """One object in front of one colour: a few steps are enough to see it."""
    recipe = {**RECIPE, "objects": [1, 1], "background": {"weights": {"solid": 1.0}}}
    config = write_config(tmp_path, recipe=recipe, batch_size=4, steps=16, evaluate_every=16, checkpoint_every=16)
    detection.main(arguments(config, tmp_path / "out", people))
    values = [loss for _, loss in losses(tmp_path / "out")]
    assert len(values) == 16
    assert all(map(math.isfinite, values))
    assert sum(values[-4:]) < 0.8 * sum(values[:4])


def test_a_resumed_run_is_the_undisturbed_run(
    detection: ModuleType, people: sos.SegmentLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in step 4, gone on with from the checkpoint of step 2: every later loss is the same to the bit."""
    config = write_config(tmp_path, steps=5, checkpoint_every=2)
    detection.main(arguments(config, tmp_path / "undisturbed", people))
    expected = losses(tmp_path / "undisturbed")
    assert [step for step, _ in expected] == [1, 2, 3, 4, 5]

    train_step = detection.train_step

    def stop_in_step_4(*inputs: Any) -> float:
        if inputs[-1] == 4:
            raise KeyboardInterrupt
        return float(train_step(*inputs))

    stopped = arguments(config, tmp_path / "stopped", people)
    monkeypatch.setattr(detection, "train_step", stop_in_step_4)
    with pytest.raises(KeyboardInterrupt):
        detection.main(stopped)
    monkeypatch.undo()
    detection.main([*stopped, "--resume"])
    assert losses(tmp_path / "stopped") == expected[:3] + expected[2:]
    assert read_log(tmp_path / "stopped")[-1] == read_log(tmp_path / "undisturbed")[-1]
    assert not list((tmp_path / "stopped").glob("*.new"))


def test_resume_begins_where_there_is_nothing_to_go_on_with(
    detection: ModuleType, people: sos.SegmentLibrary, tmp_path: Path
) -> None:
    run = [*arguments(write_config(tmp_path, steps=1), tmp_path / "out", people), "--resume"]
    detection.main(run)
    before = read_log(tmp_path / "out")
    assert [line["step"] for line in before] == [0, 1, 1]
    detection.main(run)  # it is at its end: nothing is left to do
    assert read_log(tmp_path / "out") == before


def test_a_second_run_into_the_same_folder_begins_its_log_anew(
    detection: ModuleType, people: sos.SegmentLibrary, tmp_path: Path
) -> None:
    run = arguments(write_config(tmp_path, steps=1), tmp_path / "out", people)
    detection.main(run)
    detection.main(run)
    assert [line["step"] for line in read_log(tmp_path / "out")] == [0, 1, 1]


def test_resume_refuses_another_stream(detection: ModuleType, people: sos.SegmentLibrary, tmp_path: Path) -> None:
    detection.main(arguments(write_config(tmp_path, steps=1), tmp_path / "out", people))
    changed = write_config(tmp_path, steps=2, recipe={**RECIPE, "objects": [1, 2]})
    with pytest.raises(SystemExit, match="error: state: recipe"):
        detection.main([*arguments(changed, tmp_path / "out", people), "--resume"])


def test_ap_on_real_images(
    detection: ModuleType,
    people: sos.SegmentLibrary,
    real_data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    content = json.loads((real_data / "coco" / "instances_val.json").read_bytes())
    content["images"] = content["images"][:4]
    annotations = tmp_path / "instances.json"
    annotations.write_text(json.dumps(content))
    run = arguments(write_config(tmp_path, steps=1), tmp_path / "out", people)
    real = ["--val-images", str(real_data / "coco" / "val"), "--val-annotations", str(annotations)]
    detection.main([*run, *real])
    scores = [line for line in read_log(tmp_path / "out") if "real_bbox_AP50" in line]
    assert [line["step"] for line in scores] == [0, 1]
    assert all(0 <= line[f"real_bbox_{name}"] <= 1 for line in scores for name in ("AP", "AP50", "AP75"))
    assert "1 of 3 categories are not in" in capsys.readouterr().out


@pytest.mark.parametrize("detector", ["fasterrcnn_mobilenet_v3_large_320_fpn", "maskrcnn_resnet50_fpn_v2"])
def test_little_is_annotated(detection: ModuleType, real_data: Path, tmp_path: Path, detector: str) -> None:
    """The low-data config, made small: a part of a set beside segments cut out of it. All other images are gone."""
    config = yaml.safe_load((SCRIPT.parent / "configs" / "low_data.yaml").read_text())
    annotations = real_data / "coco" / "instances_train.json"
    chosen = sos.choose_images(annotations, 0.02)
    assert len(chosen) == 5
    images = tmp_path / "images"
    images.mkdir()
    for name in chosen:
        shutil.copy(real_data / "coco" / "train" / name, images)
    real = {**config["real"], "images": str(images), "annotations": str(annotations), "share": 0.02}
    path = write_config(tmp_path, detector=detector, real=real, steps=2, evaluate_every=2, held_out=1, batch_size=3)
    run = [str(path), "--out", str(tmp_path / "out")]
    detection.main(run)
    expected = read_log(tmp_path / "out")
    assert [line["step"] for line in expected] == [0, 1, 2, 2]
    assert all(math.isfinite(loss) for _, loss in losses(tmp_path / "out"))
    library = sos.SegmentLibrary.open(tmp_path / "out" / "library")
    assert {library.key(segment).partition("#")[0] for segment in range(len(library))} <= chosen
    detection.main([*run, "--resume"])  # it is at its end, and its library is the one that is there
    assert read_log(tmp_path / "out") == expected


def test_mask_rcnn_takes_a_step(detection: ModuleType, people: sos.SegmentLibrary, tmp_path: Path) -> None:
    """The config for real use, made small."""
    config = yaml.safe_load((SCRIPT.parent / "configs" / "detection.yaml").read_text())
    assert config["detector"] == "maskrcnn_resnet50_fpn_v2"
    small = {key: TINY[key] for key in ("detector_options", "recipe", "batch_size", "num_workers", "held_out")}
    path = write_config(tmp_path, **{**config, **small, "steps": 1, "backbone_weights": None})
    detection.main(arguments(path, tmp_path / "out", people))
    before, step, after = read_log(tmp_path / "out")
    assert math.isfinite(step["loss"])
    for line in (before, after):
        assert 0 <= line["held_out_bbox_AP"] <= 1
        assert 0 <= line["held_out_segm_AP"] <= 1


def test_a_loss_that_is_not_finite_stops_the_run(
    detection: ModuleType, people: sos.SegmentLibrary, tmp_path: Path
) -> None:
    config = write_config(tmp_path, learning_rate=1e30, warmup_steps=0)
    with pytest.raises(SystemExit, match=r"step \d+: the loss is not finite \(loss_classifier nan"):
        detection.main(arguments(config, tmp_path / "out", people))
    assert all(math.isfinite(loss) for _, loss in losses(tmp_path / "out"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learning_rat": 1}, "config.yaml: (.|\n)*learning_rat\n"),
        ({"steps": 0}, "config.yaml: (.|\n)*steps\n"),
        ({"recipe": {"canvas": {"size": 64}}}, "config.yaml: (.|\n)*recipe.canvas.size\n"),
        ({"recipe": "missing.yaml"}, "missing.yaml: cannot be read"),
        ({"real": {"images": "a", "annotations": "b", "share": 1.5}}, "config.yaml: (.|\n)*real.share\n"),
    ],
)
def test_a_wrong_config_is_refused(
    detection: ModuleType, people: sos.SegmentLibrary, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises((SystemExit, sos.SOSError), match=message):
        detection.main(arguments(write_config(tmp_path, **changes), tmp_path / "out", people))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--library {tmp}/nope", "{tmp}/nope/library.json: not a segment library"),
        ("--val-annotations {tmp}/nope.json --val-images {tmp}", "{tmp}/nope.json: cannot be read as JSON"),
        ("--val-annotations {tmp}/val.json --val-images {tmp}/nope", "--val-images: {tmp}/nope/1.jpg is not there"),
        ("--out {tmp}/val.json/out", r"[Errno 20] Not a directory: '{tmp}/val.json/out'"),
    ],
)
def test_a_wrong_argument_is_one_line_before_there_is_a_model(
    detection: ModuleType, people: sos.SegmentLibrary, tmp_path: Path, monkeypatch: Any, words: str, message: str
) -> None:
    (tmp_path / "val.json").write_text(
        '{"images": [{"id": 1, "file_name": "1.jpg"}], "annotations": [], "categories": []}'
    )
    monkeypatch.setattr(detection, "get_model", lambda *_, **__: pytest.fail("the model is made"))
    run = arguments(write_config(tmp_path), tmp_path / "out", people) + words.format(tmp=tmp_path).split()
    with pytest.raises(SystemExit) as stop:  # with a line for standard error: the exit status is 1
        detection.main(run)
    line = str(stop.value.code)
    assert line.startswith("error: " + message.format(tmp=tmp_path)) and "\n" not in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_configs_load(detection: ModuleType, path: Path) -> None:
    config = detection.load_config(path)
    assert config.steps > config.warmup_steps


def test_two_ranks(people: sos.SegmentLibrary, tmp_path: Path) -> None:
    config = write_config(tmp_path, steps=2)
    run = [str(SCRIPT), *arguments(config, tmp_path / "out", people)]
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    on_cpu = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([*start, *run], capture_output=True, text=True, check=False, env=on_cpu, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    assert [line["step"] for line in read_log(tmp_path / "out")] == [0, 1, 2, 2], "rank 0 alone writes"
    state = torch.load(tmp_path / "out" / "checkpoint.pt", weights_only=True)
    assert state["loader"]["position"] == 2 * 2 * TINY["batch_size"], "two steps of two ranks"


@pytest.mark.slow
def test_the_cpu_config_learns(detection: ModuleType, tmp_path: Path) -> None:
    config = SCRIPT.parent / "configs" / "detection_cpu.yaml"
    detection.main([str(config), "--out", str(tmp_path)])
    scores = [line["held_out_bbox_AP50"] for line in read_log(tmp_path) if "held_out_bbox_AP50" in line]
    assert scores[0] < 0.01
    assert scores[-1] > 0.3
