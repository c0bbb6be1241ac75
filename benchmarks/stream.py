"""The stream against torchvision's COCO dataset, on one thread, inside one run.

    python benchmarks/stream.py --images train2017 --annotations instances_train2017.json --photos photos

Contestants take turns, a few samples each, for several rounds, so that a machine whose speed drifts slows all of them
alike; the medians over rounds are compared. Each has a process of its own, as it would in training: what one sets up in
it (the stream keeps freed memory) is no help to another. A library is built from the same annotations first. Needs
nothing but the package. Prints a table; ``--json FILE`` writes the figures.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from torchvision.datasets import CocoDetection, wrap_dataset_for_transforms_v2
from torchvision.transforms import v2

import sos_online as sos
from sos_online.cli.timing import time_stages

SIDES = (640, 1024)
Sampling = Callable[[], Callable[[int], Any]]  # makes, in its own process, what makes samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--annotations", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--library", type=Path, help="built here from the annotations, or opened if it is there")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--samples", type=int, default=12, help="in each round, for each contestant")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        source = sos.CocoInstances(arguments.images, arguments.annotations)
        library = sos.build_library(arguments.library or Path(scratch) / "library", [source], workers=2)
        datasets = streams(library, sos.Backgrounds.open(arguments.photos))
        today: Sampling = partial(coco_sampler, arguments.images, arguments.annotations, 640)
        contestants: dict[str, Sampling] = {"torchvision, 640": today}
        contestants |= {name: partial(sampler, each) for name, each in datasets.items()}
        times = take_turns(contestants, arguments.rounds, arguments.samples)
        decoding = {name: time_stages(dataset, 60) for name, dataset in datasets.items()}
    report(times, decoding, arguments.json)


def streams(library: sos.SegmentLibrary, photos: sos.Backgrounds) -> dict[str, sos.SOSDataset]:
    datasets = {}
    for side in SIDES:
        for kind in ("solid", "photo"):
            recipe = sos.Recipe().replace(canvas={"sizes": [[side, side]]}, background={"weights": {kind: 1.0}})
            datasets[f"stream, {kind}, {side}"] = sos.SOSDataset(library, recipe, backgrounds=photos)
    return datasets


def sampler(dataset: sos.SOSDataset) -> Callable[[int], Any]:
    return dataset.sample


def coco_sampler(images: Path, annotations: Path, side: int) -> Callable[[int], Any]:
    """What people do today: decoded images with masks, resized."""
    transform = v2.Compose([v2.ToImage(), v2.Resize((side, side))])
    real = wrap_dataset_for_transforms_v2(
        CocoDetection(str(images), str(annotations), transforms=transform), target_keys=("boxes", "labels", "masks")
    )
    return lambda index: real[index % len(real)]


def take_turns(contestants: dict[str, Sampling], rounds: int, samples: int) -> dict[str, list[float]]:
    """Seconds a sample, for each round; the first round warms up and is not counted."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        lines = {}
        for name, sampling in contestants.items():
            lines[name], far_end = context.Pipe()
            process = context.Process(target=compete, args=(sampling, far_end), daemon=True)
            process.start()
            stack.callback(process.join)
            stack.callback(lines[name].send, None)
        for turn in range(rounds + 1):
            for name, line in lines.items():
                line.send(range(turn * samples, (turn + 1) * samples))
                times[name].append(line.recv() / samples)
    return {name: seconds[1:] for name, seconds in times.items()}


def compete(sampling: Sampling, line: Connection) -> None:
    """A contestant's process: makes the samples that it is told to, and tells how long it took."""
    torch.set_num_threads(1)
    sample = sampling()
    while (indices := line.recv()) is not None:
        begin = time.perf_counter()
        for index in indices:
            sample(index)
        line.send(time.perf_counter() - begin)


def report(times: dict[str, list[float]], stages: dict[str, Any], out: Path | None) -> None:
    base = next(iter(times.values()))
    print(f"{'':22}{'ms/sample':>10}{'spread':>16}{'samples/s':>11}{'x torchvision':>15}{'whole/decode':>14}")
    figures = {}
    for name, seconds in times.items():
        median = statistics.median(seconds)
        # the ratio is taken round by round: both sides of it saw the same machine
        ratio = statistics.median(b / s for b, s in zip(base, seconds, strict=True))
        over_decoding = stages[name].over_decoding if name in stages else None
        print(
            f"{name:22}{median * 1e3:10.2f}{min(seconds) * 1e3:8.2f}…{max(seconds) * 1e3:<7.2f}{1 / median:11.1f}"
            f"{ratio:15.2f}" + (f"{over_decoding:14.2f}" if over_decoding else "")
        )
        figures[name] = {"seconds": seconds, "ratio": ratio, "whole_over_decoding": over_decoding}
    if out:
        commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
        machine = {
            "processor": f"{os.cpu_count()} x {platform.processor() or platform.machine()}, one thread",
            "torch": torch.__version__,
            "commit": commit.stdout.strip(),
        }
        out.write_text(json.dumps({"machine": machine, "figures": figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()
