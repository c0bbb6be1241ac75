"""`sos-online demo`: training batches out of nothing, in a minute."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from sos_online.cli.preview import make_folder, write_preview
from sos_online.cli.stream_options import open_library
from sos_online.cli.terminal import output, progress_bar
from sos_online.data import SOSDataset, make_loader
from sos_online.recipe import Recipe
from sos_online.types import Target

_SIDE = 640
_BATCH = 8
_LINES = 6


def demo(
    out: Annotated[Path, typer.Argument(help="Folder for sheet.png, light.png and gallery.html.")] = Path("demo"),
    batches: Annotated[int, typer.Option(help="Batches to pull out of the DataLoader.", min=1)] = 16,
    workers: Annotated[int, typer.Option(help="DataLoader workers.", min=0)] = 2,
) -> None:
    """Draw the demo library, stream training batches with boxes and masks from it, and show what they look like."""
    make_folder(out)
    library = open_library(None)
    recipe = Recipe().replace(canvas={"sizes": [[_SIDE, _SIDE]]})
    dataset = SOSDataset(library, recipe, length=batches * _BATCH)
    output.print(f"{library}", markup=False)

    loader = make_loader(dataset, _BATCH, num_workers=workers, masks=True)
    begin = time.perf_counter()
    with progress_bar("streaming") as update:
        for number, (images, targets) in enumerate(loader):
            update(number + 1, batches)
            if number == 0:
                shape = [len(images), *images[0].shape]
                output.print(f"a batch: images {shape} {images[0].dtype}, {len(targets)} targets; the first:")
                output.print(_describe(targets[0], library.category_names))
    seconds = time.perf_counter() - begin
    output.print(
        f"{len(dataset)} images of {_SIDE} x {_SIDE} with boxes and masks in {seconds:.1f} s, "
        f"workers' start included ({workers} worker{'s' * (workers != 1)}).",
        markup=False,
    )
    sheet, page, light = write_preview(dataset, min(24, len(dataset)), out)
    output.print(f"Look at {sheet}, at {light} and, in a browser, {page}", markup=False)


def _describe(target: Target, names: list[str]) -> Table:
    """The largest objects of a target, a line each."""
    table = Table("category", "box (x1, y1, x2, y2)", "visible", "pixels", "mask")
    order = target["area"].argsort(descending=True).tolist()
    for row in order[:_LINES]:
        table.add_row(
            names[int(target["labels"][row]) - 1],
            ", ".join(f"{side:.0f}" for side in target["boxes"][row].tolist()),
            f"{float(target['visibility'][row]):.0%}",
            str(int(target["area"][row])),
            f"{list(target['masks'][row].shape)} {str(target['masks'].dtype).removeprefix('torch.')}",
        )
    if len(order) > _LINES:
        table.add_row(f"… {len(order) - _LINES} more")
    return table
