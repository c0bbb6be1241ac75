"""`sos-online demo`: training batches out of nothing, in a minute."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from sos_online.cli.preview import write_preview
from sos_online.cli.stream_options import open_library
from sos_online.cli.terminal import output, progress_bar
from sos_online.data import SOSDataset, make_loader
from sos_online.recipe import Recipe

_SIDE = 640
_BATCH = 8


def demo(
    out: Annotated[Path, typer.Argument(help="Folder for sheet.png and gallery.html.")] = Path("demo"),
    batches: Annotated[int, typer.Option(help="Batches to pull out of the DataLoader.", min=1)] = 16,
    workers: Annotated[int, typer.Option(help="DataLoader workers.", min=0)] = 2,
) -> None:
    """Draw the demo library, stream training batches with boxes and masks from it, and show what they look like."""
    library = open_library(None)
    recipe = Recipe().replace(canvas={"sizes": [[_SIDE, _SIDE]]})
    dataset = SOSDataset(library, recipe, length=batches * _BATCH)
    output.print(f"{library}", markup=False)

    loader = make_loader(dataset, _BATCH, num_workers=workers, masks=True)
    table = Table("batch", "images", "objects", "boxes of the first image (XYXY, visible share)")
    begin = time.perf_counter()
    with progress_bar("streaming") as update:
        for number, (images, targets) in enumerate(loader):
            update(number + 1, batches)
            if number < 4:
                shape = f"{len(images)} x {tuple(images[0].shape)} {str(images[0].dtype).removeprefix('torch.')}"
                count = sum(len(target["masks"]) for target in targets)
                names = [library.category_names[label - 1] for label in targets[0]["labels"].tolist()]
                rows = zip(names, targets[0]["boxes"].tolist(), targets[0]["visibility"].tolist(), strict=True)
                first = [f"{name} {[round(side) for side in box]} {share:.0%}" for name, box, share in rows][:3]
                table.add_row(str(number), shape, str(count), ", ".join(first) + (", …" if len(names) > 3 else ""))
    seconds = time.perf_counter() - begin
    output.print(table)
    output.print(
        f"{len(dataset)} images of {_SIDE} x {_SIDE} with boxes and masks in {seconds:.1f} s, "
        f"workers' start included ({workers} worker{'s' * (workers != 1)}).",
        markup=False,
    )
    sheet, page = write_preview(dataset, min(24, len(dataset)), out)
    output.print(f"Look at {sheet} and, in a browser, {page}", markup=False)
