"""What a library of up to 20 million segments costs: to finish, to open, to plan scenes over, and in workers' memory.

    python benchmarks/library_scale.py --folder scratch --json library_scale.json

Libraries without pixels are made below ``--folder`` (2 GB for the largest, made once) and finished by the code that
finishes every build. What depends on a process' past is measured in fresh ones: finishing, opening with the tables in
the page cache and after they were dropped from it, and the first scenes planned over cold tables. Modes of choice and
layouts take turns, a few scenes each, for several rounds; planning waits for nothing, and its times are this process'
own, so that other work on the machine counts little. Private memory is what one process does not share with another;
for a forked worker it is counted from where it begins to serve, for a spawned one from before the dataset reaches it,
and in both to behind its last scene. Prints tables; ``--json FILE`` writes the figures. Linux alone.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from library_layouts import CATEGORIES, layouts
from library_without_pixels import MadeUp, finish_made_up, write_all_rows
from measuring import (
    Figures,
    anonymous_memory,
    bytes_read,
    drop_from_cache,
    in_fresh_process,
    private_memory,
    spread,
    write_figures,
)
from torch.utils.data import DataLoader, IterableDataset

import sos_online as sos
from sos_online.library.format import Manifest, tables_folder

SIZES = (10_000, 100_000, 1_000_000, 10_000_000, 20_000_000)
RULES = ("source", "segment", "category")
WORKERS = 4
NAMED = 1000  # categories in the user's table of weights, a twentieth of all at most
FULL_FILTER = {
    "preset": "filter_4",
    "unknown_flags": "keep",
    "min_opaque": 1024,
    "at_border": "drop",
    "min_component_share": 0.7,
    "min_edge_sharpness": 0.3,
    "min_laplacian_variance": 50,
    "near_duplicates": "drop",
}
FILTERS: dict[str, dict[str, Any]] = {"all": {}, "filtered": FULL_FILTER}
LIGHTS: dict[str, dict[str, Any]] = {"": {"light": None}, ", lit": {}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="for the libraries; those that are there are used")
    parser.add_argument("--sizes", type=float, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scenes", type=int, default=100, help="in each round, for each mode")
    parser.add_argument("--remove", action="store_true", help="remove each library once it was measured")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = []
    for size in map(int, arguments.sizes):
        root = arguments.folder / str(size)
        figures.append(measure(root, MadeUp(size), arguments.rounds, arguments.scenes))
        report(figures[-1])
        write_figures(arguments.json, {"full_filter": FULL_FILTER, "figures": figures})
        if arguments.remove:
            shutil.rmtree(root)


def measure(root: Path, made_up: MadeUp, rounds: int, scenes: int) -> Figures:
    if not root.exists():
        write_all_rows(root, made_up)
    finishing, peak = in_fresh_process(finish_anew, root, made_up)
    opening = {
        state: [in_fresh_process(open_and_plan, root, cold)[0] for _ in range(3)]
        for state, cold in (("warm", False), ("cold", True))
    }
    library = sos.SegmentLibrary.open(root)
    modes = {name: sos.Recipe().replace(**changes) for name, changes in all_modes(library, root / "layouts").items()}
    planning, preparing = plan_in_turns(library, modes, rounds, scenes)
    return {
        "segments": len(library),
        "categories": library.num_categories,
        "near_duplicates": sum(source.near_duplicates for source in library.manifest.sources),
        "finishing": {**finishing, "memory_more": peak - finishing.pop("memory_before")},
        "opening": opening,
        "preparing": preparing,
        "planning": planning,
        "workers": {
            f"{name}; {start}": in_workers(library, modes[name], start)
            for name in ("source, all, lit", "segment, repeat_factor, filtered, lit", "learned, filtered, lit")
            for start in ("fork", "spawn")
        },
    }


def finish_anew(root: Path, made_up: MadeUp) -> Figures:
    """In a process of its own. Rows are as they were; tables are written as for the first time."""
    shutil.rmtree(root / "tables", ignore_errors=True)
    shards = sum(1 for path in (root / "rows").iterdir() if path.name.count(".") == 1)
    before, begin = anonymous_memory(), time.perf_counter()
    finish_made_up(root, shards, made_up)
    return {"seconds": time.perf_counter() - begin, "shards": shards, "memory_before": before}


def open_and_plan(root: Path, cold: bool) -> Figures:
    """In a process of its own: open a library, then plan its first scenes by the default recipe."""
    if cold:
        tables = tables_folder(root, Manifest.read(root).generation)
        drop_from_cache([*tables.iterdir(), *(path for path in root.iterdir() if path.is_file())])
    memory, (asked, fetched), begin = private_memory(), bytes_read(), time.perf_counter()
    library = sos.SegmentLibrary.open(root)
    seconds = time.perf_counter() - begin
    asked_then, fetched_then = bytes_read()
    memory_then = private_memory()
    return {
        "seconds": seconds,
        "asked": asked_then - asked,
        "fetched": fetched_then - fetched,
        "memory_more": memory_then - memory,
        "first_scenes": time_scenes(sos.SOSDataset(library), range(20), time.perf_counter),
    }


def all_modes(library: sos.SegmentLibrary, folder: Path) -> dict[str, dict[str, Any]]:
    """Changes of the default recipe by name: modes of choice and layouts, each without and with a filter and light."""
    largest = np.argsort(-np.diff(library.category_starts), kind="stable")
    names = [library.category_names[category] for category in largest.tolist()]
    named = {name: 1.0 + number % 7 for number, name in enumerate(names[: min(NAMED, len(names) // 20)])}
    weights = {"": "uniform", ", repeat_factor": "repeat_factor", ", inverse_frequency": "inverse_frequency",
               ", table": {"kind": "named", "names": named, "others": 0.1}}  # fmt: skip
    modes: dict[str, dict[str, Any]] = {
        f"{by}{weighed}{', one category' * single}": {
            "choice": {"by": by, "weights": weight, "single_category": single}
        }
        for by in RULES
        for weighed, weight in weights.items()
        for single in (False, True)
    }
    modes |= layouts(folder, names[:CATEGORIES])
    return {
        f"{name}, {kind}{lit}": {**changes, "choice": {**changes.get("choice", {}), "quality": quality}, **light}
        for name, changes in modes.items()
        for kind, quality in FILTERS.items()
        for lit, light in LIGHTS.items()
    }


def plan_in_turns(
    library: sos.SegmentLibrary, modes: dict[str, sos.Recipe], rounds: int, scenes: int
) -> tuple[Figures, Figures]:
    """Of each mode median and 95th percentile in ms over all rounds, and the medians of the rounds; and the seconds
    until it is ready for its first scene, by the clock."""
    datasets, preparing = {}, {}
    for seed, (name, recipe) in enumerate(modes.items()):
        begin = time.perf_counter()
        # seeds of their own: what one mode draws must not lie in the processor's caches for the next
        datasets[name] = sos.SOSDataset(library, recipe, seed=seed)
        preparing[name] = round(time.perf_counter() - begin, 6)
    times: dict[str, list[list[float]]] = {name: [] for name in modes}
    for turn in range(rounds + 1):  # the first warms up
        for name, dataset in datasets.items():
            times[name].append(time_scenes(dataset, range(turn * scenes, (turn + 1) * scenes), time.process_time))
    planning = {
        name: {
            "median": round(float(np.median(per_round[1:])), 4),
            "p95": round(float(np.percentile(per_round[1:], 95)), 4),
            "rounds": np.median(per_round[1:], axis=1).round(4).tolist(),
        }
        for name, per_round in times.items()
    }
    return planning, preparing


def time_scenes(dataset: sos.SOSDataset, indices: range, clock: Callable[[], float]) -> list[float]:
    """Milliseconds of each."""
    times = []
    for index in indices:
        begin = clock()
        dataset.scene(index)
        times.append((clock() - begin) * 1e3)
    return times


class PlanningWorkers(IterableDataset[Figures]):
    """Each worker plans scenes and gives what became of its private memory."""

    def __init__(self, before: int | None, dataset: sos.SOSDataset, scenes: int) -> None:
        self._before, self._dataset, self._scenes = before, dataset, scenes

    def __reduce__(self) -> tuple[Any, ...]:
        # arguments are unpickled in their order: the first tells the memory before the second is there
        return PlanningWorkers, (_PrivateMemoryThen(), self._dataset, self._scenes)

    def __iter__(self) -> Iterator[Figures]:
        before = private_memory() if self._before is None else self._before
        for index in range(self._scenes):
            self._dataset.scene(index)
        yield {"before": before, "more": private_memory() - before}


class _PrivateMemoryThen:
    """Unpickled, it is the private memory at that moment."""

    def __reduce__(self) -> tuple[Any, ...]:
        return private_memory, ()


def in_workers(library: sos.SegmentLibrary, recipe: sos.Recipe, start: str, scenes: int = 200) -> list[int]:
    """Private bytes more in each worker of a ``DataLoader``."""
    context = multiprocessing.get_context(start)
    workers = PlanningWorkers(None, sos.SOSDataset(library, recipe), scenes)
    loader = DataLoader(workers, batch_size=None, num_workers=WORKERS, multiprocessing_context=context)
    return [figure["more"] for figure in loader]


def report(figures: Figures) -> None:
    finishing, preparing = figures["finishing"], figures["preparing"]
    print(f"\n{figures['segments']:,} segments, {figures['categories']:,} categories, {finishing['shards']:,} shards")
    print(f"finish: {finishing['seconds']:.1f} s, {finishing['memory_more'] / 1e6:.0f} MB more at its peak;"
          f" {figures['near_duplicates']:,} near-duplicates")  # fmt: skip
    for state, opened in figures["opening"].items():
        seconds = sorted(one["seconds"] * 1e3 for one in opened)
        first = np.median([one["first_scenes"] for one in opened], axis=0)
        print(f"open, {state}: {seconds[1]:.1f} ms ({spread(seconds, 1)}), "
              f"{opened[0]['asked'] / 1e6:.2f} MB by read calls, {opened[0]['fetched'] / 1e6:.2f} MB from the disk, "
              f"{opened[0]['memory_more'] / 1e6:.1f} MB private; "
              f"first scene {first[0]:.1f} ms, the next 19 {np.median(first[1:]):.2f} ms")  # fmt: skip
    for kind in FILTERS:
        # without the layouts, some of which read a file of their own
        ready = [ms * 1e3 for name, ms in preparing.items() if f", {kind}" in name and name.startswith(RULES)]
        print(f"ready to plan, {kind}: {np.median(ready):.1f} ms ({spread(ready, 1)})")
    for name, more in figures["workers"].items():
        print(f"4 workers, {name}: {spread([one / 1e6 for one in more], 1)} MB more")
    columns = [f", {kind}{lit}" for kind in FILTERS for lit in LIGHTS]
    planning = figures["planning"]
    print(f"{'plan, ms: median / p95':40}" + "".join(f"{column[2:]:>18}" for column in columns))
    for mode in [name.removesuffix(columns[0]) for name in planning if name.endswith(columns[0])]:
        cells = [planning[mode + column] for column in columns]
        print(f"{mode:40}" + "".join(f"{cell['median']:10.3f} /{cell['p95']:6.3f}" for cell in cells))
    medians = [one["median"] for one in planning.values()]
    print(f"all {len(medians)} modes: medians {spread(medians, 3)} ms")


if __name__ == "__main__":
    main()
