"""`sos-online bench`: how fast a stream is here, and where its time goes."""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict
from typing import Annotated, Any

import torch
import typer
from rich.table import Table

from sos_online.cli.stream_options import (
    BackgroundsOption,
    LibraryOption,
    RecipeOption,
    SeedOption,
    SizeOption,
    open_dataset,
)
from sos_online.cli.terminal import output, progress_bar
from sos_online.cli.timing import time_light, time_stages
from sos_online.data import SOSDataset, make_loader

_BATCH = 8
_ROUNDS = 5
_LIT = 40


def bench(
    library: LibraryOption = None,
    recipe: RecipeOption = None,
    backgrounds: BackgroundsOption = None,
    size: SizeOption = None,
    seed: SeedOption = 0,
    samples: Annotated[int, typer.Option(help="For each figure.", min=_BATCH)] = 160,
    workers: Annotated[str, typer.Option(help="Numbers of DataLoader workers to compare.")] = "0,1,2",
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Time the stages of a sample on one thread, and the loader with several numbers of workers.

    The loader's figures are the medians of five rounds in which all numbers of workers take turns; the workers have
    started, and the first batches are not counted.
    """
    counts = _parse_workers(workers)
    torch.set_num_threads(1)
    dataset = open_dataset(library, recipe, backgrounds, size, seed, length=2**31)
    stages = time_stages(dataset, samples)
    light = time_light(dataset, min(samples, _LIT))
    rates = _loader_rates(dataset, counts, samples)
    if json:
        output.print_json(
            data={
                "stages": asdict(stages),
                "over_decoding": stages.over_decoding,
                "light": light,
                "loader": rates,
            }
        )
        return
    table = Table("stage", "ms a sample", "share")
    for name, seconds in asdict(stages).items():
        table.add_row(name, f"{seconds * 1e3:.2f}", f"{seconds / stages.whole:.0%}")
    table.add_row("whole", f"{stages.whole * 1e3:.2f}", f"{stages.over_decoding:.2f} x decoding")
    if light is not None:
        table.add_row("light", f"{light * 1e3:.2f}", "here in the workers; on CUDA behind them, in batches")
    output.print(table)
    table = Table("workers", "samples a second")
    for count, rate in rates.items():
        table.add_row(count, f"{rate:.1f}")
    output.print(table)


def _parse_workers(text: str) -> list[int]:
    try:
        counts = [int(part) for part in text.split(",")]
    except ValueError:
        counts = []
    if not counts or min(counts) < 0:
        raise typer.BadParameter(f"expected numbers such as 0,2,4, found {text!r}", param_hint="--workers")
    return counts


def _loader_rates(dataset: SOSDataset, counts: list[int], samples: int) -> dict[str, Any]:
    """Samples a second for each number of workers, as tensors in this process."""
    batches = max(1, samples // _BATCH)
    streams = {count: iter(make_loader(dataset, _BATCH, num_workers=count, dtype=torch.uint8)) for count in counts}
    rates: dict[int, list[float]] = {count: [] for count in counts}
    with progress_bar("timing the loader") as update:
        for turn in range(_ROUNDS):
            for position, (count, stream) in enumerate(streams.items()):
                # what was made ahead while others had their turn is not counted
                for _ in range(3 * count + 1):
                    next(stream)
                begin = time.perf_counter()
                for _ in range(batches):
                    next(stream)
                rates[count].append(batches * _BATCH / (time.perf_counter() - begin))
                update(turn * len(counts) + position + 1, _ROUNDS * len(counts))
    return {str(count): statistics.median(values) for count, values in rates.items()}
