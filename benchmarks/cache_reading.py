"""Reading a cache against making the samples anew, on one thread, inside one run.

    python benchmarks/cache_reading.py --library built --photos backgrounds --folder scratch --json cache_reading.json

Caches of the same samples are written into ``--folder``: finished pictures (lit) and composed ones (light pending), as
JPEG, PNG and lossless WebP. Then contestants take turns, some samples each, for several rounds; ratios are taken round
by round, against the stream that gives the same: composed samples against composed, lit against lit. The caches are in
the page cache. Prints a table; ``--json FILE`` writes the figures.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from measuring import Figures, spread, write_figures

import sos_online as sos
from sos_online.data.cache import CacheSettings, write_cache
from sos_online.data.cache.read import CachedDataset
from sos_online.data.cache.write_through import cached
from sos_online.data.lit_collate import LitCollate
from sos_online.data.stream import SampleStream

FORMATS = ("jpg", "png", "webp-lossless")
Contestant = Callable[[int], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="scratch; what is made in it is removed")
    parser.add_argument("--side", type=int, default=640)
    parser.add_argument("--samples", type=int, default=64, help="in each cache")
    parser.add_argument("--each", type=int, default=16, help="samples of a contestant in each round")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    photos = sos.Backgrounds.open(arguments.photos)
    recipe = sos.Recipe().replace(canvas={"sizes": [[arguments.side, arguments.side]]})
    stream = sos.SOSDataset(
        sos.SegmentLibrary.open(arguments.library), recipe, length=arguments.samples, backgrounds=photos
    )
    contestants, against = contestants_of(stream, arguments.folder)
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(arguments.rounds + 1):  # the first warms up
        indices = [(turn * arguments.each + number) % arguments.samples for number in range(arguments.each)]
        for name, make in contestants.items():
            begin = time.perf_counter()
            for index in indices:
                make(index)
            times[name].append((time.perf_counter() - begin) / arguments.each)
    report({name: seconds[1:] for name, seconds in times.items()}, against, arguments)


def contestants_of(stream: sos.SOSDataset, folder: Path) -> tuple[dict[str, Contestant], dict[str, str]]:
    """What gives a sample by its number, and what each is compared with."""
    light = LitCollate()
    contestants: dict[str, Contestant] = {
        "stream, composed": partial(stream.sample, epoch=0),
        "stream, lit": partial(lit_sample, stream, light),
    }
    against: dict[str, str] = {}
    for image_format in FORMATS:
        settings = CacheSettings.parse(image_format=image_format)
        lit, composed = folder / f"lit-{image_format}", folder / f"composed-{image_format}"
        for path in (lit, composed):
            shutil.rmtree(path, ignore_errors=True)
        write_cache(stream, lit, samples=stream.length, settings=settings)
        list(cached(stream, composed, settings=settings))
        finished, pending = CachedDataset.open(lit), CachedDataset.open(composed)
        contestants |= {
            f"cache, lit, {image_format}": partial(finished.sample, epoch=0),
            f"cache, composed, {image_format}": partial(pending.sample, epoch=0),
            f"cache, composed and lit anew, {image_format}": partial(lit_sample, pending, light),
        }
        against |= {
            f"cache, lit, {image_format}": "stream, lit",
            f"cache, composed, {image_format}": "stream, composed",
            f"cache, composed and lit anew, {image_format}": "stream, lit",
        }
    return contestants, against


def lit_sample(stream: SampleStream, light: LitCollate, index: int) -> object:
    return light([stream.sample(index, 0)])


def report(times: dict[str, list[float]], against: dict[str, str], arguments: argparse.Namespace) -> None:
    print(f"{'':42}{'ms/sample':>10}{'spread':>16}{'x stream':>10}")
    figures: Figures = {"side": arguments.side, "contestants": {}}
    for name, seconds in times.items():
        milli = [1e3 * one for one in seconds]
        ratio, shown = None, ""
        if name in against:
            ratio = statistics.median(base / one for base, one in zip(times[against[name]], seconds, strict=True))
            shown = f"{ratio:.2f}"
        print(f"{name:42}{statistics.median(milli):10.2f}{spread(milli, 2):>16}{shown:>10}")
        figures["contestants"][name] = {"seconds": seconds, "times_as_fast": ratio}
    for image_format in FORMATS:
        for kind in ("lit", "composed"):
            folder = arguments.folder / f"{kind}-{image_format}"
            size = sum(path.stat().st_size for path in folder.glob("*.tar")) / arguments.samples
            print(f"{kind}, {image_format}: {size / 1000:.0f} kB a sample")
            figures[f"bytes, {kind}, {image_format}"] = size
            shutil.rmtree(folder)
    write_figures(arguments.json, figures)


if __name__ == "__main__":
    main()
