"""What mixing costs: a mixture against its sources alone, and its order by itself, on one thread, inside one run.

    python benchmarks/mix.py --images train2017 --annotations instances_train2017.json

A clock in each source says how much of a mixture's sample is the source's; the cost of mixing is the mean rest over the
median time of the slower source. A mixture with all names of both takes turns with one of half of them, in which the
others' rows are left out: of made images behind the source, of photos by the source before their masks are drawn. The
order is timed for several schedules, and for jumps to far positions. Prints tables; ``--json FILE`` writes the figures.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

import torch
from measuring import spread, write_figures

import sos_online as sos
from sos_online.data.map_stream import MapStream
from sos_online.data.mixing import MixedDataset, Schedule, mix
from sos_online.data.mixing.order import MixedOrder
from sos_online.data.mixing.quotas import Quotas
from sos_online.data.real import CocoDataset
from sos_online.data.stream import SampleStream

EPOCH = 10**9
WARM_UP = 10  # samples
SCHEDULES = {
    "constant, 2 sources": Schedule.constant([0.3, 0.7]),
    "cosine, 2 sources": Schedule.cosine([1, 0], [0.2, 0.8], end=EPOCH),
    "constant, 20 sources": Schedule.constant(range(1, 21)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--annotations", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=300, help="of the mixture")
    parser.add_argument("--rounds", type=int, default=5, help="of the order alone")
    parser.add_argument("--draws", type=int, default=50_000, help="of the order, in each round")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    photos = MapStream(CocoDataset(arguments.images, arguments.annotations))
    synthetic = sos.SOSDataset(sos.SegmentLibrary.demo(), sos.Recipe().replace(canvas={"sizes": [[640, 640]]}))
    sources: list[SampleStream] = [synthetic, photos]
    whole = mix(sources, weights=[1, 1])
    half = mix(sources, weights=[1, 1], names=whole.category_names[::2])
    samples = of_samples({"all names": whole, "half of the names": half}, sources, arguments.samples)
    rows = sum(half.vocabulary_report().rows_left_out)
    print(f"{'rows left out':<24}{rows / (arguments.samples + WARM_UP):>10.1f} a sample")
    orders = of_order(arguments.rounds, arguments.draws)
    write_figures(arguments.json, {"samples": samples, "order": orders})


def of_samples(mixtures: dict[str, MixedDataset], sources: list[SampleStream], count: int) -> dict[str, dict[str, Any]]:
    """Milliseconds of samples of each source inside each mixture, and what the mixture adds to one. They take turns."""
    times: dict[str, list[list[float]]] = {name: [[] for _ in sources] for name in mixtures}
    rest: dict[str, list[float]] = {name: [] for name in mixtures}
    clocks = [Clock(source) for source in sources]
    try:
        for index in range(count + WARM_UP):
            for name, mixed in mixtures.items():
                before = sum(clock.seconds for clock in clocks)
                begin = time.perf_counter()
                sample = mixed.sample(index)
                whole = time.perf_counter() - begin
                del sample  # giving its memory back is no part of mixing
                inside = sum(clock.seconds for clock in clocks) - before
                if index >= WARM_UP:
                    times[name][sources.index(mixed.origin(index, 0)[0])].append(inside)
                    rest[name].append(whole - inside)
    finally:
        for clock in clocks:
            clock.remove()
    figures: dict[str, dict[str, Any]] = {}
    for name, mixed in mixtures.items():
        medians = [1e3 * statistics.median(each) for each in times[name]]
        added = 1e3 * statistics.fmean(rest[name])
        share = added / max(medians)
        print(name)
        for source, milliseconds in zip(mixed.source_names, medians, strict=True):
            print(f"{source:<24}{milliseconds:>10.3f} ms a sample")
        print(f"{'mixing adds':<24}{added:>10.3f} ms, {share:.2%} of the slower source")
        figures[name] = {"sources": medians, "added": added, "share": share}
    return figures


class Clock:
    """Adds up the time in which a source makes samples."""

    def __init__(self, source: SampleStream) -> None:
        self.seconds = 0.0
        self._source = source
        original = source.sample_for

        def timed(index: int, epoch: int, unwanted: Collection[int]) -> Any:
            begin = time.perf_counter()
            sample = original(index, epoch, unwanted)
            self.seconds += time.perf_counter() - begin
            return sample

        source.sample_for = timed  # type: ignore[method-assign]

    def remove(self) -> None:
        del self._source.sample_for


def of_order(rounds: int, draws: int) -> dict[str, dict[str, list[float]]]:
    """Microseconds for a position, one after the other, and for one far away."""
    figures: dict[str, dict[str, list[float]]] = {}
    print(f"\n{'order alone':<24}{'us a position':>16}{'spread':>14}{'us a far jump':>16}{'spread':>14}")
    for name, schedule in SCHEDULES.items():
        along, far = [], []
        for turn in range(rounds + 1):
            order = MixedOrder(Quotas(schedule), EPOCH, seed=0)
            begin = time.perf_counter()
            for position in range(draws):
                order.at(position)
            along.append(1e6 * (time.perf_counter() - begin) / draws)
            far.append(1e6 * seconds(partial(order.at, 50 * EPOCH + 12_345_678 * (turn + 1))))
        figures[name] = {"position": along[1:], "jump": far[1:]}
        print(
            f"{name:<24}{statistics.median(along[1:]):>16.2f}{spread(along[1:]):>14}"
            f"{statistics.median(far[1:]):>16.1f}{spread(far[1:], 1):>14}"
        )
    return figures


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
