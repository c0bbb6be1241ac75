"""The stage beside the training step: the same batches in the same order, and a position that knows what was served."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import torch

import sos_online as sos
from sos_online.data.ahead import staged
from tests.conftest import small_recipe
from tests.data.compare import digest

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
LIGHT = {"camera": {"share": 0.0}}


def dataset_of(library: sos.SegmentLibrary, **changes: Any) -> sos.SOSDataset:
    return sos.SOSDataset(library, small_recipe(64, light=LIGHT, **changes), length=24)


def on_cpu(targets: list[Any]) -> list[Any]:
    return [
        {key: value.to("cpu") if isinstance(value, torch.Tensor) else value for key, value in target.items()}
        for target in targets
    ]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("composite", [False, True])
def test_every_device_serves_the_same(library: sos.SegmentLibrary, device: str, composite: bool) -> None:
    options: dict[str, Any] = {"dtype": torch.uint8, "masks": True}
    expected = list(sos.make_loader(dataset_of(library), 4, **options))
    dataset = dataset_of(library, device={"composite": composite})
    found = list(sos.make_loader(dataset, 4, device=device, num_workers=1, **options))
    assert len(found) == len(expected)
    for (images, targets), (others, labels) in zip(found, expected, strict=True):
        assert images.device.type == targets[0]["masks"].device.type == device
        assert digest(on_cpu(targets)) == digest(labels)
        # colours painted on a device are up to two grey levels off, and light may scale them
        assert (images.cpu().int() - others.int()).abs().max() <= 6


@pytest.mark.parametrize("device", DEVICES)
def test_the_position_counts_what_was_served_and_not_what_was_made_ahead(
    library: sos.SegmentLibrary, device: str
) -> None:
    loader = sos.make_loader(dataset_of(library), 4, device=device)
    whole = [targets[0]["image_id"] for _, targets in loader]
    batches = iter(loader)
    next(batches), next(batches)
    state = loader.state_dict()
    assert (state["epoch"], state["position"]) == (1, 8)
    again = sos.make_loader(dataset_of(library), 4, device=device)
    again.load_state_dict(state)
    assert [targets[0]["image_id"] for _, targets in again] == whole[2:]


def test_a_cpu_works_when_it_is_asked(library: sos.SegmentLibrary) -> None:
    dataset = dataset_of(library)
    asked: list[int] = []

    def batches() -> Any:
        for number in range(3):
            asked.append(number)
            yield sos.collate([dataset.sample(number)])

    stream = staged(batches(), sos.DeviceStage())
    next(stream)
    assert asked == [0]


def test_an_empty_stream_ends(library: sos.SegmentLibrary) -> None:
    assert list(staged([], sos.DeviceStage())) == []


class FakeStream:
    """Writes down what is asked of it, under its name."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name, self.log = name, log

    def wait_stream(self, other: FakeStream) -> None:
        self.log.append(f"{self.name} waits for all of {other.name}")

    def wait_event(self, event: str) -> None:
        self.log.append(f"{self.name} waits for {event}")

    def record_event(self) -> Any:
        return FakeEvent(self.log[-1])


class FakeEvent(str):
    device = torch.device("cuda", 0)


def test_on_cuda_the_stage_runs_one_batch_ahead_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a stream for training and one for the stage; this is the order in which they are told to do what."""
    log: list[str] = []
    training, side = FakeStream("training", log), FakeStream("stage", log)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda *_: training)
    monkeypatch.setattr(torch.cuda, "stream", lambda *_: contextlib.nullcontext())

    class Stage:
        device, stream = torch.device("cuda", 0), side

        def __call__(self, batch: int) -> tuple[list[Any], list[Any]]:
            log.append(f"batch {batch}")
            return [], []

    for step, _ in enumerate(staged([0, 1, 2], Stage())):  # type: ignore[arg-type, list-item]
        log.append(f"step {step}")
    assert log == [
        "stage waits for all of training",
        "batch 0",
        "batch 1",
        "training waits for batch 0",
        "step 0",
        "stage waits for all of training",  # step 0 is done before batch 2 is begun, beside step 1
        "batch 2",
        "training waits for batch 1",
        "step 1",
        "stage waits for all of training",
        "training waits for batch 2",
        "step 2",
    ]


def test_a_report_counts_batches_waits_and_shares(library: sos.SegmentLibrary) -> None:
    recipe = small_recipe(64, light={"relighters": {"identity": 0.5, "photometric": 0.5}}, device={"composite": True})
    loader = sos.make_loader(sos.SOSDataset(library, recipe, length=24), 4)
    assert loader.report().batches == 0
    for _ in loader:
        pass
    report = loader.report()
    assert report.batches == 6 and report.waited > 0 and report.reservoir is None
    assert sum(report.lit.values()) == 24 and report.lit.keys() == {"identity", "photometric"}
