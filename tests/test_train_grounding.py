"""The grounding example runs, learns, and goes on after a stop as if there had been none."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import yaml

import sos_online as sos
from sos_online.data.adapters import GroundingDinoCollate
from tests.conftest import ROOT
from tests.train_example import load_example

pytest.importorskip("transformers")

SCRIPT = ROOT / "train_examples" / "grounding.py"
CONFIGS = sorted((ROOT / "train_examples" / "configs" / "grounding").glob("*.yaml"))
FEW = {"one": 1, "several": 0, "none": 0}
TINY = {
    "model": "tiny",
    "size": {"height": 64, "width": 64},
    "recipe": {
        "canvas": {"sizes": [[64, 64]]},
        "objects": [1, 2],
        "layout": {"large": 1.0, "large_area": [0.2, 0.5]},
        "expressions": {"attribute": {**FEW, "none": 1}, "position": FEW, "mixed": FEW},
    },
    "steps": 2,
    "batch_size": 2,
    "num_workers": 0,
    "learning_rate": 0.002,
    "backbone_rate": 1,
    "weight_decay": 1.0e-4,
    "held_out": 1,
    "log_every": 1,
    "evaluate_every": 100,
    "checkpoint_every": 100,
}


@pytest.fixture(scope="module")
def grounding() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        for neighbour in ("tiny_grounding_dino", "referring"):
            load_example(neighbour)
        yield load_example("grounding")


def write_config(folder: Path, **changes: Any) -> Path:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({**TINY, **changes}))
    return path


def read_log(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def losses(out: Path) -> list[tuple[int, float]]:
    return [(line["step"], line["loss"]) for line in read_log(out) if "loss" in line]


def test_the_loss_falls(grounding: ModuleType, tmp_path: Path) -> None:
    """On two pictures, which it sees again and again."""
    config = grounding.load_config(write_config(tmp_path))
    dataset = sos.SOSDataset(sos.SegmentLibrary.demo(), config.recipe, length=2)
    torch.manual_seed(0)
    model, processor = grounding.load_model("tiny")
    collate = GroundingDinoCollate(processor, dataset, size=config.size)
    batch = grounding.on_device(collate([dataset.sample(0), dataset.sample(1)]), torch.device("cpu"))
    assert all(len(labels["boxes"]) for labels in batch["labels"])
    optimizer = grounding.make_optimizer(model.train(), config)
    values = [grounding.train_step(model, optimizer, batch, step) for step in range(12)]
    assert all(map(math.isfinite, values))
    assert sum(values[-3:]) < 0.8 * sum(values[:3])


def test_photographs_beside_the_stream(grounding: ModuleType, real_data: Path, tmp_path: Path) -> None:
    """Categories of COCO in the same batches, what people wrote to measure by, and a model that can be gone on with."""
    said = json.loads((real_data / "coco" / "referring_val.json").read_bytes())[:3]
    (tmp_path / "said.json").write_text(json.dumps(said))
    coco = {"images": str(real_data / "coco/train"), "annotations": str(real_data / "coco/instances_train.json")}
    config = write_config(tmp_path, real={**coco, "weight": 1.0}, batch_size=3)
    human = ["--val-images", str(real_data / "coco/val"), "--val-expressions", str(tmp_path / "said.json")]
    grounding.main([str(config), "--out", str(tmp_path / "out"), *human])
    log = read_log(tmp_path / "out")
    assert [line["step"] for line in log] == [0, 0, 1, 2, 2, 2]
    for name, lines in (("held_out", log[0::4]), ("human", log[1::4])):
        for line in lines:
            assert line[f"{name}_expressions"] > 0
            assert all(0 <= line[f"{name}_{metric}"] <= 1 for metric in ("F1", "Pr@F1=1", "P@1"))
    assert log[1]["human_expressions"] == 3
    assert [file.suffix for file in (tmp_path / "out/model").glob("model*")] == [".safetensors"]
    again = [str(write_config(tmp_path, steps=1)), "--out", str(tmp_path / "again")]
    grounding.main([*again, "--model", str(tmp_path / "out/model")])
    assert read_log(tmp_path / "again")[0] == {
        key: value for key, value in log[-2].items() if key[:8] == "held_out"
    } | {"step": 0}, "the weights that it ended with"


def test_a_resumed_run_is_the_undisturbed_run(
    grounding: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in step 3, gone on with from the checkpoint of step 1: every later loss is the same to the bit."""
    config = write_config(tmp_path, steps=3, checkpoint_every=1)
    grounding.main([str(config), "--out", str(tmp_path / "undisturbed")])
    expected = losses(tmp_path / "undisturbed")
    assert [step for step, _ in expected] == [1, 2, 3]
    train_step = grounding.train_step

    def stop_in_step_3(*inputs: Any) -> float:
        if inputs[-1] == 3:
            raise KeyboardInterrupt
        return float(train_step(*inputs))

    run = [str(config), "--out", str(tmp_path / "stopped")]
    monkeypatch.setattr(grounding, "train_step", stop_in_step_3)
    with pytest.raises(KeyboardInterrupt):
        grounding.main(run)
    monkeypatch.undo()
    grounding.main([*run, "--resume"])
    assert losses(tmp_path / "stopped") == expected
    assert read_log(tmp_path / "stopped")[-1] == read_log(tmp_path / "undisturbed")[-1]


def test_a_second_run_into_the_same_folder_begins_its_log_anew(grounding: ModuleType, tmp_path: Path) -> None:
    run = [str(write_config(tmp_path, steps=1)), "--out", str(tmp_path / "out")]
    grounding.main(run)
    grounding.main(run)
    assert [line["step"] for line in read_log(tmp_path / "out")] == [0, 1, 1]


def test_two_ranks(tmp_path: Path) -> None:
    run = [str(SCRIPT), str(write_config(tmp_path)), "--out", str(tmp_path / "out")]
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    on_cpu = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([*start, *run], capture_output=True, text=True, check=False, env=on_cpu, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    assert [line["step"] for line in read_log(tmp_path / "out")] == [0, 1, 2, 2], "rank 0 alone writes"
    state = torch.load(tmp_path / "out" / "checkpoint.pt", weights_only=True)
    assert state["loader"]["position"] == 2 * 2 * 2, "two steps of two ranks"


def test_a_loss_that_is_not_finite_stops_the_run(grounding: ModuleType, tmp_path: Path) -> None:
    config = write_config(tmp_path, learning_rate=1e30, steps=4)
    with pytest.raises((SystemExit, sos.SOSError), match="not finite"):
        grounding.main([str(config), "--out", str(tmp_path / "out")])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learning_rat": 1}, "config.yaml: (.|\n)*learning_rat\n"),
        ({"recipe": {**TINY["recipe"], "expressions": None}}, "config.yaml: (.|\n)*recipe.*expressions"),  # type: ignore[dict-item]
        ({"recipe": "missing.yaml"}, "missing.yaml: cannot be read"),
    ],
)
def test_a_wrong_config_is_refused(
    grounding: ModuleType, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises((SystemExit, sos.SOSError), match=message):
        grounding.main([str(write_config(tmp_path, **changes)), "--out", str(tmp_path / "out")])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--library {tmp}/nope", "{tmp}/nope/library.json: not a segment library"),
        ("--val-expressions {tmp}/nope.json --val-images {tmp}", "{tmp}/nope.json: cannot be read as JSON"),
        ("--val-expressions {tmp}/said.json --val-images {tmp}/nope", "{tmp}/nope: the image folder of human"),
        ("--out {tmp}/said.json/out", "[Errno 20] Not a directory: '{tmp}/said.json/out'"),
    ],
)
def test_a_wrong_argument_is_one_line_before_there_is_a_model(
    grounding: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, message: str
) -> None:
    (tmp_path / "said.json").write_text("[]")
    monkeypatch.setattr(grounding, "load_model", lambda _: pytest.fail("the model is made"))
    run = [str(write_config(tmp_path)), "--out", str(tmp_path / "out"), *words.format(tmp=tmp_path).split()]
    with pytest.raises(SystemExit) as stop:  # with a line for standard error: the exit status is 1
        grounding.main(run)
    line = str(stop.value.code)
    assert line.startswith("error: " + message.format(tmp=tmp_path)) and "\n" not in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_configs_load(grounding: ModuleType, path: Path) -> None:
    assert grounding.load_config(path).recipe.expressions is not None
