"""Time to draw a layout, of each kind, against the size prior, on one thread, inside one run.

    python benchmarks/layouts.py --annotations instances_train2017.json

Contestants take turns, some layouts each, for several rounds, so that a machine whose speed drifts slows all of them
alike; ratios are taken round by round. Files are read before. Prints a table; ``--json FILE`` writes the figures.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

from measuring import spread, write_figures

from sos_online.data.layout_files import read_layout_files
from sos_online.plan.layout import Layout, make_layout
from sos_online.recipe import Recipe
from sos_online.rng import sample_generator

SIZE_HW = (1024, 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--annotations", type=Path, required=True, help="COCO-format JSON")
    parser.add_argument("--objects", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--layouts", type=int, default=100, help="in each round, of each kind")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    contestants = contestants_of(str(arguments.annotations))
    times: dict[str, list[float]] = {name: [] for name in contestants}
    drawn = dict.fromkeys(contestants, 0)
    for turn in range(arguments.rounds + 1):  # the first warms up
        indices = range(turn * arguments.layouts, (turn + 1) * arguments.layouts)
        for name, layout in contestants.items():
            generators = [sample_generator(0, 0, index) for index in indices]
            begin = time.perf_counter()
            for rng in generators:
                drawn[name] += len(layout.draw(SIZE_HW, arguments.objects, rng).boxes)
            times[name].append((time.perf_counter() - begin) / arguments.layouts)
    report({name: seconds[1:] for name, seconds in times.items()}, drawn, arguments)


def contestants_of(path: str) -> dict[str, Layout]:
    learned = {"kind": "learned", "path": path}
    settings: dict[str, Any] = {
        "size_prior": {"kind": "size_prior"},
        "random_boxes": {"kind": "random_boxes"},
        "random_centres": {"kind": "random_centres"},
        "box_table": {"kind": "box_table", "path": path},
        "learned": learned,
        "learned, without the rule": {**learned, "mean_visible": 0.0, "each_visible": 0.0},
    }
    choices = {name: Recipe.parse({"layout": layout}).layout for name, layout in settings.items()}
    return {name: make_layout(choice, read_layout_files(choice)) for name, choice in choices.items()}


def report(times: dict[str, list[float]], drawn: dict[str, int], arguments: argparse.Namespace) -> None:
    base = times["size_prior"]
    asked = (arguments.rounds + 1) * arguments.layouts
    print(f"{'':34}{'µs/layout':>10}{'spread':>14}{'x size_prior':>14}{'objects':>9}")
    figures = {}
    for name, seconds in times.items():
        micro = [1e6 * one for one in seconds]
        ratio = statistics.median(one / other for one, other in zip(seconds, base, strict=True))
        objects = drawn[name] / asked
        print(f"{name:34}{statistics.median(micro):10.0f}{spread(micro, 0):>14}{ratio:14.2f}{objects:9.2f}")
        figures[name] = {"seconds": seconds, "over_size_prior": ratio, "objects": objects}
    write_figures(arguments.json, {"objects": arguments.objects, "layouts": figures})


if __name__ == "__main__":
    main()
