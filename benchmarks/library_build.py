"""Building a library beside what cannot be saved: decoding the sources and encoding the result.

    python benchmarks/library_build.py --data data --folder scratch --json library_build.json

``--data`` holds ``coco/train``, ``coco/instances_train.json`` and ``emoji3d`` (in the layout of the released sets).
Three contestants take turns, for several rounds, on as many processes as there are cores: "decode" reads every segment
of the sources and does nothing else; "encode" encodes the same crops, which lie in memory; "build" is ``build_library``
of the same sources under several names, so that the set is large, with worker processes that it starts itself, into a
new folder, flushed to disk. The figure is the time that decoding and encoding take over the time of the build: by the
clock, in which all that waits counts and other work on the machine too, and by the seconds of the processors that all
processes used. What a build does besides is then timed step by step on one process. Prints a table; ``--json FILE``
writes the figures.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from measuring import Figures, spread, write_figures

import sos_online as sos
from sos_online.library.encode import EncodedSegment, crop_to_alpha, encode_segment
from sos_online.library.measure import border_contact, measure
from sos_online.library.rows import ShardRow, write_rows
from sos_online.library.shard_plan import list_sources
from sos_online.library.shards import write_shard
from sos_online.library.sources import RawSegment, Source, Unit
from sos_online.library.worker_pool import run_tasks

Sources = list[Source]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="scratch; what is made in it is removed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--copies", type=int, default=4, help="of the sources, in a build")
    parser.add_argument("--images", type=int, help="of COCO, and as many of the other set; all if not given")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    copies = [sources(arguments.data, arguments.images, f" {copy}") for copy in range(arguments.copies)]
    times: dict[str, list[Times]] = {"decode": [], "encode": [], "build": [], "of it, start": []}
    with Workers(copies[0], arguments.processes) as workers:
        segments = workers.segments
        for _ in range(arguments.rounds):
            for name in ("decode", "encode"):
                times[name].append(workers.times(name).over(segments))
            whole, start = build(arguments.folder, [one for copy in copies for one in copy], arguments.processes)
            times["build"].append(whole.over(segments * len(copies)))
            times["of it, start"].append(start.over(segments * len(copies)))
    steps = time_steps(arguments.folder, copies[0])
    figures = {"segments": segments, "copies": len(copies), "processes": arguments.processes, "steps": steps}
    figures |= {"seconds": by_clock_and_processor(times)}
    report(figures)
    write_figures(arguments.json, figures)


def sources(data: Path, images: int | None, suffix: str = "") -> Sources:
    coco, emoji = data / "coco", data / "emoji3d"
    names = sorted(path.name for path in (coco / "train").iterdir())[:images]
    found: Sources = [
        sos.CocoInstances(coco / "train", coco / "instances_train.json", only_images=names, name=f"coco{suffix}")
    ]
    if images is None:
        found.append(sos.SOSLayout(emoji, name=f"emoji{suffix}"))
    return found


class Times(NamedTuple):
    """Seconds by the clock, and of the processors."""

    clock: float
    processor: float

    def over(self, count: int) -> Times:
        return Times(self.clock / count, self.processor / count)


def build(folder: Path, all_sources: Sources, processes: int) -> tuple[Times, Times]:
    """What a build takes, and of it what passes until workers are there: as much as a task that does nothing takes."""
    root = folder / "built"
    shutil.rmtree(root, ignore_errors=True)
    start = timed(lambda: list(run_tasks(_nothing, range(processes), processes)))
    whole = timed(lambda: sos.build_library(root, all_sources, workers=processes))
    shutil.rmtree(root)
    return whole, start


def timed(call: Callable[[], object]) -> Times:
    """Of this process and of those that it starts and waits for."""
    begin, used = time.perf_counter(), sum(os.times()[:4])
    call()
    return Times(time.perf_counter() - begin, sum(os.times()[:4]) - used)


def _nothing(number: int) -> int:
    import sos_online.library.chunk  # noqa: F401  # what a build's task imports

    return number


class Workers:
    """Processes that stay, each with its share of the units and its crops in memory; they work when told to."""

    def __init__(self, given: Sources, processes: int) -> None:
        context = multiprocessing.get_context("spawn")
        work = [(source, unit) for source in given for unit in source.units()]
        self._pipes, self._processes = [], []
        for number in range(processes):
            own, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, work[number::processes]), daemon=True)
            process.start()
            self._pipes.append(own)
            self._processes.append(process)
        self.segments = sum(pipe.recv() for pipe in self._pipes)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in self._pipes:
            pipe.send(None)
        for process in self._processes:
            process.join()

    def times(self, task: str) -> Times:
        """By the clock until the last has done its share."""
        begin = time.perf_counter()
        for pipe in self._pipes:
            pipe.send(task)
        processor = sum([pipe.recv() for pipe in self._pipes])
        return Times(time.perf_counter() - begin, processor)


def _work(pipe: Connection, work: list[tuple[Source, Unit]]) -> None:
    crops = [crop for segment in decode(work) if (crop := crop_to_alpha(segment.rgba)) is not None]
    pipe.send(len(crops))
    while task := pipe.recv():
        begin = time.process_time()
        if task == "decode":
            for _ in decode(work):
                pass
        else:
            encode(crops)
        pipe.send(time.process_time() - begin)


def decode(work: Sequence[tuple[Source, Unit]]) -> Iterator[RawSegment]:
    for source, unit in work:
        for item in source.read(unit):
            if isinstance(item, RawSegment):
                yield item


def encode(crops: Sequence[Any]) -> list[EncodedSegment]:
    return [encode_segment(crop, sos.Encoding()) for crop in crops]


def time_steps(folder: Path, given: Sources) -> dict[str, float]:
    """Seconds a segment of each step of a build, one after the other in this process; the best of three."""
    cv2.setNumThreads(1)
    root = folder / "steps"
    work = [(source, unit) for source in given for unit in source.units()]
    raw = list(decode(work))
    crops = [crop_to_alpha(segment.rgba) for segment in raw]
    encoded = encode(crops)
    levels = [level for segment in encoded for level in segment.levels]
    rows = [
        ShardRow(one.key, one.category, one.words, stored.size_wh, 0, stored.opaque, 1, measure(crop), {})
        for one, stored, crop in zip(raw, encoded, crops, strict=True)
        if crop is not None
    ]
    steps: dict[str, Callable[[], object]] = {
        "list units": partial(list_sources, given, {}),
        "decode": lambda: list(map(type, decode(work))),  # nothing of it is kept
        "crop, border": lambda: [(crop_to_alpha(one.rgba), border_contact(one.rgba)) for one in raw],
        "encode": partial(encode, crops),
        "measure": lambda: [measure(crop) for crop in crops if crop is not None],
        "write pixels": lambda: write_shard(root / "pixels.arrow", levels),
        "write rows": lambda: write_rows(root, 0, "steps", rows, 0),
    }
    found = {}
    for name, step in steps.items():
        times = []
        for _ in range(3):
            begin = time.perf_counter()
            step()
            times.append(time.perf_counter() - begin)
        found[name] = min(times) / len(raw)
    shutil.rmtree(root)
    return found


def by_clock_and_processor(times: dict[str, list[Times]]) -> dict[str, Figures]:
    """Seconds a segment by name, and the share of each round; what is compared saw the same machine."""
    found = {}
    for clock in Times._fields:
        seconds = {name: [getattr(one, clock) for one in rounds] for name, rounds in times.items()}
        rounds = zip(seconds["decode"], seconds["encode"], seconds["build"], strict=True)
        found[clock] = {
            **seconds,
            "shares": [(decoding + encoding) / building for decoding, encoding, building in rounds],
        }
    return found


def report(figures: Figures) -> None:
    print(f"{figures['segments']:,} segments, in builds {figures['copies']} times; {figures['processes']} processes")
    for clock, seconds in figures["seconds"].items():
        print(f"{f'by the {clock}':18}{'ms/segment':>12}{'spread':>16}{'segments/s':>12}")
        processes = 1 if clock == "clock" else figures["processes"]
        for name in ("decode", "encode", "build", "of it, start"):
            median = float(np.median(seconds[name]))
            print(f"{name:18}{median * 1e3:12.3f}{spread([one * 1e3 for one in seconds[name]], 3):>16}"
                  + (f"{processes / median:12.0f}" if name != "of it, start" else ""))  # fmt: skip
        print(f"(decode + encode) / build: {np.median(seconds['shares']):.2f} ({spread(seconds['shares'])})")
    print(f"{'one process':18}{'ms/segment':>12}")
    for name, second in figures["steps"].items():
        print(f"{name:18}{second * 1e3:12.3f}")


if __name__ == "__main__":
    main()
