"""Draws docs/images/layouts.png, and prints the table of docs/layouts.md: each layout's sizes and places beside COCO's.

python docs/layout_figure.py --fit instances_train2017.json --compare instances_val2017.json

Layouts that need boxes get those of the one file; all are compared with the pictures of the other, and so is the first
file itself, which shows how far apart two samples of the same set are. Pictures of 5 to 19 objects count, as many as
the published setting plans; each layout is asked, again and again, for as many as those of the second file have.
Needs matplotlib (the extra `docs`).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt

mpl.use("agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from sos_online.data.coco_boxes import CocoBoxes, read_coco_boxes
from sos_online.data.layout_files import read_layout_files
from sos_online.data.learned_files import read_learned_layout
from sos_online.plan.layout import make_layout
from sos_online.plan.layout.cooccurrence import Cooccurrence
from sos_online.plan.layout.visible import VisibleShares
from sos_online.recipe import Recipe
from sos_online.rng import sample_generator

OUT = Path(__file__).parent / "images" / "layouts.png"
SIZE_HW = (480, 640)  # most COCO pictures have this size
OBJECTS = (5, 19)
REFERENCE, LAYOUT = "#444444", "#2a78b5"

Floats = npt.NDArray[np.float64]
Picture = tuple[Floats, tuple[int, int]]  # boxes in pixels, [n, 4], the largest first for COCO; height and width


@dataclass(frozen=True)
class Statistics:
    """Of all boxes of many pictures."""

    size: Floats  # log2 of the square root of the share of the picture
    aspect: Floats  # log2 of width / height in pixels
    centre: Floats  # [boxes, 2], shares of width and height
    visible: Floats  # what later boxes leave of each
    overlap: float  # mean intersection over union of two boxes of a picture
    count: float  # mean number of boxes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", type=Path, required=True)
    parser.add_argument("--compare", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=2000, help="of each layout")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    reference = pictures_of(read_coco_boxes(arguments.compare))
    counts = [len(boxes) for boxes, _ in reference]
    sets = {"COCO, held out": reference}
    sets["COCO, fitted on"] = pictures_of(read_coco_boxes(arguments.fit))
    for name, layout in layouts(str(arguments.fit)).items():
        sets[name] = drawn(layout, counts, arguments.pictures)
    statistics = {name: measure(pictures) for name, pictures in sets.items()}
    print_table(statistics, mean_kinds(arguments.fit, arguments.compare, counts))
    draw(sets, statistics, arguments.out)


def layouts(path: str) -> dict[str, dict[str, Any]]:
    table = {"kind": "box_table", "path": path}
    learned = {"kind": "learned", "path": path}
    return {
        "size_prior": {"kind": "size_prior"},
        "random_boxes": {"kind": "random_boxes"},
        "random_centres": {"kind": "random_centres"},
        "box_table": table,
        "learned": learned,
        "mixture of three": {
            "kind": "mixture",
            "parts": [{"weight": 1, "layout": one} for one in ({"kind": "size_prior"}, table, learned)],
        },
    }


def pictures_of(coco: CocoBoxes) -> list[Picture]:
    """The file's pictures, the largest box first."""
    pictures = []
    table = coco.table
    for number, aspect in enumerate(coco.aspects):
        size_hw = (480, round(480 * aspect))
        boxes = table.boxes(number) * np.array([size_hw[1], size_hw[0]] * 2)
        if OBJECTS[0] <= len(boxes) <= OBJECTS[1]:
            pictures.append((boxes[np.argsort(-areas(boxes), kind="stable")], size_hw))
    return pictures


def drawn(settings: dict[str, Any], counts: list[int], pictures: int) -> list[Picture]:
    choice = Recipe.parse({"layout": settings}).layout
    layout = make_layout(choice, read_layout_files(choice))
    return [
        (np.array(layout.draw(SIZE_HW, counts[index % len(counts)], sample_generator(0, 0, index)).boxes), SIZE_HW)
        for index in range(pictures)
    ]


def areas(boxes: Floats) -> Floats:
    product: Floats = np.prod(boxes[:, 2:] - boxes[:, :2], 1)
    return product


def measure(pictures: list[Picture]) -> Statistics:
    sizes, aspects, centres, visible, overlaps = [], [], [], [], []
    for boxes, (height, width) in pictures:
        sizes.append(np.log2(areas(boxes) / (height * width)) / 2)
        aspects.append(np.log2((boxes[:, 2] - boxes[:, 0]) / (boxes[:, 3] - boxes[:, 1])))
        centres.append((boxes[:, :2] + boxes[:, 2:]) / 2 / (width, height))
        visible.append(visible_shares(boxes))
        overlaps.append(mean_iou(boxes))
    return Statistics(
        np.concatenate(sizes),
        np.concatenate(aspects),
        np.concatenate(centres),
        np.concatenate(visible),
        float(np.mean(overlaps)),
        float(np.mean([len(boxes) for boxes, _ in pictures])),
    )


def visible_shares(boxes: Floats) -> Floats:
    laid = VisibleShares(0, 0)
    for x1, y1, x2, y2 in boxes.tolist():
        laid.lay((x1, y1, x2, y2))
    return np.array(laid.shares)


def mean_iou(boxes: Floats) -> float:
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), 2)
    iou = shared / (areas(boxes)[:, None] + areas(boxes)[None] - shared)
    return float(iou[np.triu_indices(len(boxes), 1)].mean())


def wasserstein(one: Floats, other: Floats) -> float:
    """Mean distance that one distribution has to be moved to become the other."""
    at = (np.arange(2000) + 0.5) / 2000
    return float(np.abs(np.quantile(one, at) - np.quantile(other, at)).mean())


def mean_kinds(fit: Path, compare: Path, counts: list[int]) -> dict[str, float]:
    """Categories in a picture, on average, where a layout says what they are."""
    of_file = {}
    for name, path in (("COCO, held out", compare), ("COCO, fitted on", fit)):
        table = read_coco_boxes(path).table
        parts = np.split(table.categories, table.starts[1:-1])
        of_file[name] = [len(set(part.tolist())) for part in parts if OBJECTS[0] <= len(part) <= OBJECTS[1]]
    learned = read_learned_layout(fit)
    cooccurrence = Cooccurrence(learned, np.arange(len(learned.names)))
    draws = [cooccurrence.draw(count, sample_generator(0, 1, index)) for index, count in enumerate(counts * 50)]
    of_file["learned"] = [len(set(draw.tolist())) for draw in draws]
    shares = learned.instances / learned.instances.sum()
    independent = [(1 - (1 - shares) ** count).sum() for count in counts]
    print(f"drawn one by one, by their frequency alone: {np.mean(independent):.1f} categories in a picture")
    return {name: float(np.mean(kinds)) for name, kinds in of_file.items()}


def print_table(statistics: dict[str, Statistics], kinds: dict[str, float]) -> None:
    reference = next(iter(statistics.values()))
    print("| | size | shape | place | visible | overlap | objects | categories |")
    print("|---|---|---|---|---|---|---|---|")
    for name, one in statistics.items():
        distances: list[Callable[[Statistics], float]] = [
            lambda each: wasserstein(each.size, reference.size),
            lambda each: wasserstein(each.aspect, reference.aspect),
            lambda each: np.mean([wasserstein(each.centre[:, axis], reference.centre[:, axis]) for axis in (0, 1)]),
        ]
        cells = [f"{distance(one):.3f}" for distance in distances] if one is not reference else ["", "", ""]
        cells += [f"{one.visible.mean():.2f}", f"{one.overlap:.3f}", f"{one.count:.1f}"]
        cells.append(f"{kinds[name]:.1f}" if name in kinds else "")
        print(f"| {name} | {' | '.join(cells)} |")


def draw(sets: dict[str, list[Picture]], statistics: dict[str, Statistics], out: Path) -> None:
    names = list(sets)
    figure, axes = plt.subplots(5, len(names), figsize=(2.1 * len(names), 8.2), constrained_layout=True)
    reference = statistics[names[0]]
    for column, name in enumerate(names):
        one = statistics[name]
        top, heat, *histograms = axes[:, column]
        draw_boxes(top, *sets[name][example(sets[name])])
        top.set_title(name, fontsize=10)
        draw_centres(heat, one.centre)
        for axis, key, bins, label in zip(
            histograms,
            ("size", "aspect", "visible"),
            (np.linspace(-7, 0, 36), np.linspace(-3.5, 3.5, 36), np.linspace(0, 1, 26)),
            ("√(share of the picture)", "width / height", "visible share"),
            strict=True,
        ):
            axis.hist(getattr(one, key), bins, density=True, color=LAYOUT, alpha=0.55)
            axis.hist(getattr(reference, key), bins, density=True, color=REFERENCE, histtype="step", linewidth=0.8)
            axis.set_xlabel(label, fontsize=8)
            axis.tick_params(labelsize=7)
            axis.set_yticks([])
            axis.set_ylim(0, 1.25 * np.histogram(getattr(reference, key), bins, density=True)[0].max())
            if key != "visible":
                ticks = [value for value in (-6, -4, -2, 0, 2) if bins[0] <= value <= bins[-1]]
                axis.set_xticks(ticks, [f"1/{2**-tick}" if tick < 0 else str(2**tick) for tick in ticks])
            axis.spines[["top", "right", "left"]].set_visible(False)
    axes[0, 0].set_ylabel("a layout", fontsize=9)
    axes[1, 0].set_ylabel("centres", fontsize=9)
    figure.savefig(out, dpi=88, pil_kwargs={"optimize": True})


def example(pictures: list[Picture]) -> int:
    """The first picture of twelve objects, or the fullest below."""
    return max(range(len(pictures)), key=lambda number: (len(pictures[number][0]) <= 12, len(pictures[number][0])))


def draw_boxes(axis: Axes, boxes: Floats, size_hw: tuple[int, int]) -> None:
    colours = plt.get_cmap("tab20").colors  # type: ignore[attr-defined]
    for number, (x1, y1, x2, y2) in enumerate(boxes):
        patch = Rectangle((x1, y1), x2 - x1, y2 - y1, facecolor=colours[number % 20], edgecolor="white", linewidth=0.5)
        axis.add_patch(patch)
    axis.set(xlim=(0, size_hw[1]), ylim=(size_hw[0], 0), aspect="equal", xticks=[], yticks=[])


def draw_centres(axis: Axes, centres: Floats) -> None:
    density = np.histogram2d(centres[:, 1], centres[:, 0], bins=16, range=((0, 1), (0, 1)))[0]
    axis.imshow(density / density.mean(), vmin=0, vmax=3, cmap="magma", aspect=0.75)
    axis.set(xticks=[], yticks=[])


if __name__ == "__main__":
    main()
