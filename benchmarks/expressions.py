"""Time to say what is true of an image of twelve objects, on one thread, inside one run.

    python benchmarks/expressions.py

Scenes of the embedded library in which exactly so many objects can be seen. Each is described by recipes that ask for
six expressions of one object and three of several, of one kind or of all, and for three more that mean nothing; the
facts that they are proven by are part of the time, and the count of what hides what is timed apart. A scene's time is
the best of a few; the medians over scenes are told, with what lies between the lowest and the highest tenth. Then the
stream with words and without, taking turns. Prints a table; ``--json FILE`` writes the figures.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from measuring import write_figures

import sos_online as sos
from sos_online.compose import compose, paint_background
from sos_online.refer import (
    Draws,
    ExpressionChoice,
    Facts,
    ObjectWords,
    Occlusion,
    ScopeCounts,
    SpokenNames,
    find_occlusion,
    object_words,
    write_expressions,
)
from sos_online.rng import words_generator
from sos_online.targets import build_target
from sos_online.types import EXPRESSION_KINDS, Composite, Expression, Target

NO_COUNTS = ScopeCounts(one=0, several=0, none=0)
NINE = ScopeCounts(one=6, several=3, none=0)
TWELVE = ScopeCounts(one=6, several=3, none=3)


class Seen(NamedTuple):
    """A scene, and what is known before anything is said of it."""

    target: Target
    composite: Composite
    words: list[ObjectWords]
    partly: list[int]
    area: npt.NDArray[np.int64]
    occlusion: Occlusion


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=12, help="that can be seen in a scene")
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5, help="of each scene, of which the best counts")
    parser.add_argument("--samples", type=int, default=200, help="of the stream, with words and without")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    library = sos.SegmentLibrary.demo()
    names = SpokenNames(library.category_names, library.supercategories)
    scenes = list(scenes_of(library, arguments.objects, arguments.scenes))

    def speak(choice: ExpressionChoice) -> Callable[[Seen, int], list[Expression]]:
        def say(seen: Seen, seed: int) -> list[Expression]:
            facts = Facts(seen.target, seen.words, names, seen.occlusion)
            return write_expressions(facts, choice, Draws(words_generator(seed)))

        return say

    contestants = {name: speak(choice) for name, choice in choices().items()}
    figures = {name: described(say, scenes, arguments.repeats) for name, say in contestants.items()}
    hiding = described(
        lambda seen, _: find_occlusion(seen.composite.instance_map, seen.composite.whole, seen.area, seen.partly),
        scenes,
        arguments.repeats,
    )
    figures["what hides what"] = {**hiding, "expressions": 0}
    report(figures)
    stream = stream_times(library, arguments.samples)
    write_figures(arguments.json, {"objects": arguments.objects, "expressions": figures, "stream": stream})


def choices() -> dict[str, ExpressionChoice]:
    """What is asked for."""
    none = dict.fromkeys(EXPRESSION_KINDS, NO_COUNTS)
    alone = {f"{kind}, 9": ExpressionChoice(**{**none, kind: NINE}) for kind in EXPRESSION_KINDS}
    every = {"all kinds, 27": NINE, "and 9 that mean nothing": TWELVE}
    return alone | {name: ExpressionChoice(**dict.fromkeys(EXPRESSION_KINDS, counts)) for name, counts in every.items()}


def recipe_of(words: ExpressionChoice | None) -> sos.Recipe:
    return sos.Recipe().replace(light=None, expressions=None if words is None else words.model_dump())


def scenes_of(library: sos.SegmentLibrary, objects: int, count: int) -> Iterator[Seen]:
    """The first scenes of a stream in which so many objects can be seen."""
    dataset = sos.SOSDataset(library, recipe_of(None).replace(objects=[objects, objects + 4]))
    known: dict[int, ObjectWords] = {}
    for index in range(len(dataset)):
        scene = dataset.scene(index)
        rule = dataset.recipe.visibility
        composite = compose(scene, library, paint_background(scene.background, scene.size_hw, None), rule, raise_it)
        target = build_target(composite, dataset.recipe.target, index)
        if len(target["labels"]) != objects:
            continue
        for label, segment in zip(target["labels"].tolist(), target["segment_ids"].tolist(), strict=True):
            known[segment] = object_words(library.category_names[label - 1], library.words(segment))
        words = [known[segment] for segment in target["segment_ids"].tolist()]
        partly = (target["visibility"] < 1).nonzero().flatten().tolist()
        area = target["area"].numpy()
        occlusion = find_occlusion(composite.instance_map, composite.whole, area, partly)
        yield Seen(target, composite, words, partly, area, occlusion)
        count -= 1
        if not count:
            return


def raise_it(error: Exception) -> None:
    raise error


def described(say: Callable[[Seen, int], Any], scenes: list[Seen], repeats: int) -> dict[str, Any]:
    """The best time for each scene, in seconds; function calls and expressions for a scene."""
    best = []
    for number, seen in enumerate(scenes):
        times = []
        for _ in range(repeats + 1):  # the first warms up
            begin = time.perf_counter()
            say(seen, number)
            times.append(time.perf_counter() - begin)
        best.append(min(times[1:]))
    profile = cProfile.Profile()
    profile.enable()
    said = [len(say(seen, number)) for number, seen in enumerate(scenes)]
    profile.disable()
    calls = pstats.Stats(profile).total_calls  # type: ignore[attr-defined]
    return {"seconds": best, "calls": calls / len(scenes), "expressions": sum(said) / len(scenes)}


def report(figures: dict[str, dict[str, Any]]) -> None:
    print(f"{'':26}{'ms/image':>10}{'spread':>16}{'calls':>9}{'said':>7}")
    for name, figure in figures.items():
        deciles = statistics.quantiles(figure["seconds"], n=10)
        spread = f"{1e3 * deciles[0]:.2f}…{1e3 * deciles[-1]:.2f}"
        median = 1e3 * statistics.median(figure["seconds"])
        print(f"{name:26}{median:10.2f}{spread:>16}{figure['calls']:9.0f}{figure['expressions']:7.1f}")


def stream_times(library: sos.SegmentLibrary, samples: int) -> dict[str, Any]:
    """Seconds for each sample of a stream, with words and without: the same scenes."""
    recipes = {"without words": recipe_of(None), "with words": recipe_of(choices()["all kinds, 27"])}
    datasets = {name: sos.SOSDataset(library, recipe) for name, recipe in recipes.items()}
    times: dict[str, list[float]] = {name: [] for name in datasets}
    for index in range(-10, samples):  # the first warm up
        for name, dataset in datasets.items():
            begin = time.perf_counter()
            dataset.sample(index % len(dataset))
            if index >= 0:
                times[name].append(time.perf_counter() - begin)
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    more = statistics.median(b - a for a, b in zip(times["without words"], times["with words"], strict=True))
    told = ", ".join(f"{1e3 * median:.2f} ms {name}" for name, median in medians.items())
    print(f"a sample of the stream: {told}; {1e3 * more:.2f} ms more, as the median of pairs")
    return {"seconds": times, "more": more}


if __name__ == "__main__":
    main()
