"""What writing a cache costs over making its samples, and what it takes on disk; inside one run.

    python benchmarks/cache.py --images train2017 --annotations instances_train2017.json --photos photos

Contestants take turns, a shard each, for several rounds, so that a machine whose speed drifts slows all of them alike:
the samples alone (composed and lit, as ``make_loader`` serves them on a CPU), the samples and an image encoder, and the
writer, which also stores map, labels and words, hashes all of it and waits for the disk; a thread of its own does so
behind the making (`taskset -c 0` shows what it costs where no core is free). Ratios inside a round are compared. A
library is built from the annotations first. Prints tables; ``--json FILE`` writes the figures.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from measuring import spread, write_figures

import sos_online as sos
from sos_online.data.cache import CacheFolder, CacheSettings
from sos_online.data.cache.pictures import encode_picture
from sos_online.data.cache.shard_maker import ShardMaker

FORMATS = {
    "jpg 95": CacheSettings(),
    "jpg 85": CacheSettings(quality=85),
    "webp 90": CacheSettings(image_format="webp", quality=90),
    "webp-lossless": CacheSettings(image_format="webp-lossless"),
    "png": CacheSettings(image_format="png"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--annotations", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--library", type=Path, help="built here from the annotations, or opened if it is there")
    parser.add_argument("--side", type=int, default=640)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--samples", type=int, default=32, help="in a shard")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        source = sos.CocoInstances(arguments.images, arguments.annotations)
        library = sos.build_library(arguments.library or Path(scratch) / "library", [source], workers=2)
        side = [arguments.side, arguments.side]
        recipe = sos.Recipe().replace(canvas={"sizes": [side]}, background={"weights": {"photo": 1.0}})
        stream = sos.SOSDataset(library, recipe, backgrounds=sos.Backgrounds.open(arguments.photos))
        makers = {
            name: ShardMaker(
                stream,
                CacheFolder(Path(scratch) / name.replace(" ", "-")),
                settings.model_copy(update={"samples_per_shard": arguments.samples}),
                arguments.samples * (arguments.rounds + 1),
                "cpu",
            )
            for name, settings in FORMATS.items()
        }
        times = take_turns(makers, arguments.rounds)
        sizes = {name: disk_use(maker.folder, maker.settings) for name, maker in makers.items()}
    report(times, sizes, arguments.samples)
    write_figures(arguments.json, {"seconds_a_shard": times, "samples_a_shard": arguments.samples, "sizes": sizes})


def take_turns(makers: dict[str, ShardMaker], rounds: int) -> dict[str, list[float]]:
    """Seconds a shard, for each round; the first round warms up and is not counted."""
    contestants: dict[str, Callable[[int], object]] = {"samples alone": partial(make, next(iter(makers.values())))}
    for name, maker in makers.items():
        contestants[f"samples and encoder, {name}"] = partial(encode, maker)
        contestants[f"writer, {name}"] = maker
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds + 1):
        for name, contestant in contestants.items():
            begin = time.perf_counter()
            contestant(turn)
            times[name].append(time.perf_counter() - begin)
    return {name: seconds[1:] for name, seconds in times.items()}


def make(maker: ShardMaker, number: int) -> None:
    for _ in maker.finished(number):
        pass


def encode(maker: ShardMaker, number: int) -> None:
    for _, _, image, _ in maker.finished(number):
        encode_picture(image, maker.settings, "")


def disk_use(folder: CacheFolder, settings: CacheSettings) -> dict[str, float]:
    """Bytes a sample: in all, of the picture, of the map and of the record."""
    parts: dict[str, list[int]] = {"in all": [], "picture": [], "map": [], "record": []}
    for shard in folder.shard_names():
        for entry in folder.card(shard).samples:
            members = folder.check(shard, entry, folder.region(shard, entry), settings)
            parts["in all"].append(entry.size)
            for part, content in zip(("picture", "map", "record"), members.values(), strict=True):
                parts[part].append(len(content))
    return {part: statistics.mean(each) for part, each in parts.items()}


def report(times: dict[str, list[float]], sizes: dict[str, dict[str, float]], samples: int) -> None:
    alone = times["samples alone"]
    print(f"{'':<36}{'ms/sample':>10}{'spread':>18}{'x alone':>9}{'spread':>14}{'x with encoder':>16}{'spread':>14}")
    for name, seconds in times.items():
        each = [1e3 * one / samples for one in seconds]
        line = f"{name:<36}{statistics.median(each):>10.1f}{spread(each, 1):>18}{compared(seconds, alone)}"
        if name.startswith("writer, "):
            line += "  " + compared(seconds, times[name.replace("writer", "samples and encoder")])
        print(line)
    print(f"\n{'MB for 1,000 samples':<36}{'in all':>10}{'picture':>10}{'map':>10}{'record':>10}")
    for name, parts in sizes.items():
        print(f"{name:<36}" + "".join(f"{each / 1e3:>10.1f}" for each in parts.values()))


def compared(seconds: list[float], others: list[float]) -> str:
    """Round by round: both sides of a ratio saw the same machine."""
    ratios = [one / other for one, other in zip(seconds, others, strict=True)]
    return f"{statistics.median(ratios):>9.2f}{spread(ratios):>14}"


if __name__ == "__main__":
    main()
