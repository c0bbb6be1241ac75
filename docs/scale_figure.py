"""Draws docs/images/scale.png of benchmarks/results/library_scale.json: opening, planning and memory by size.

python docs/scale_figure.py

Needs matplotlib (the extra `docs`).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results" / "library_scale.json"
OUT = Path(__file__).parent / "images" / "scale.png"
RULES = ("source", "segment", "category")
BLUE, ORANGE, GREY = "#2a78b5", "#d9822b", "#888888"

Figures = list[dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    figures = json.loads(arguments.results.read_text())["figures"]
    plt.rcParams.update({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False})
    canvas, (opening, planning, memory) = plt.subplots(1, 3, figsize=(10.5, 3.4), layout="constrained")
    draw_opening(opening, figures)
    draw_planning(planning, figures)
    draw_memory(memory, figures)
    for axes in (opening, planning, memory):
        axes.set(xscale="log", yscale="log", xlabel="segments")
        axes.grid(which="major", color="#dddddd", linewidth=0.6)
        axes.legend(frameon=False, loc="upper left")
    canvas.savefig(arguments.out, dpi=110)


def draw_opening(axes: Axes, figures: Figures) -> None:
    for state, colour in (("warm", BLUE), ("cold", ORANGE)):
        times = [sorted(one["seconds"] for one in figure["opening"][state]) for figure in figures]
        axes.plot(sizes(figures), [time[len(time) // 2] for time in times], color=colour, marker=".", label=state)
        axes.fill_between(sizes(figures), [t[0] for t in times], [t[-1] for t in times], color=colour, alpha=0.2, lw=0)
    target(axes, 1)
    axes.set(title="opening, s: median and range of 3", ylim=(1e-3, 20))


def draw_planning(axes: Axes, figures: Figures) -> None:
    kinds = {", all": ("all segments", BLUE), ", filtered": ("filtered", ORANGE)}
    for kind, (label, colour) in kinds.items():
        for of_choice, line in ((True, "-"), (False, "--")):
            highest = [
                max(
                    mode["median"]
                    for name, mode in figure["planning"].items()
                    if kind in name and name.startswith(RULES) == of_choice
                )
                for figure in figures
            ]
            what = "modes of choice" if of_choice else "layouts"
            axes.plot(sizes(figures), highest, line, color=colour, marker=".", label=f"{what}, {label}")
    worst = [max(mode["p95"] for mode in figure["planning"].values()) for figure in figures]
    axes.plot(sizes(figures), worst, color=GREY, marker=".", label="95th percentile of all, the highest")
    target(axes, 1)
    axes.set(title="planning a scene, ms: the highest median", ylim=(0.1, 10))


def draw_memory(axes: Axes, figures: Figures) -> None:
    for start, colour in (("fork", BLUE), ("spawn", ORANGE)):
        most = [
            max(max(more) for name, more in figure["workers"].items() if name.endswith(start)) / 1e6
            for figure in figures
        ]
        axes.plot(sizes(figures), most, color=colour, marker=".", label=f"a worker, {start}")
    peaks = [figure["finishing"]["memory_more"] / 1e6 for figure in figures]
    axes.plot(sizes(figures), peaks, color=GREY, marker=".", label="writing the tables, once")
    target(axes, 30)
    axes.set(title="private memory more, MB: the most", ylim=(1, 3000))


def target(axes: Axes, value: float) -> None:
    axes.axhline(value, color="#bb3333", linestyle=":", linewidth=1)


def sizes(figures: Figures) -> list[int]:
    return [figure["segments"] for figure in figures]


if __name__ == "__main__":
    main()
