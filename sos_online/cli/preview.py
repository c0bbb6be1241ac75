"""`sos-online preview`: look at what a recipe gives before training on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import cv2
import typer

from sos_online.cli.entries import gallery_entries
from sos_online.cli.gallery import Entry, contact_sheet, write_gallery
from sos_online.cli.stream_options import (
    BackgroundsOption,
    LibraryOption,
    RecipeOption,
    SeedOption,
    SizeOption,
    open_dataset,
)
from sos_online.cli.terminal import output, progress_bar
from sos_online.data import SOSDataset
from sos_online.library.arrow_files import write_atomically


def preview(
    out: Annotated[Path, typer.Argument(help="Folder for sheet.png and gallery.html.")] = Path("preview"),
    library: LibraryOption = None,
    recipe: RecipeOption = None,
    backgrounds: BackgroundsOption = None,
    size: SizeOption = None,
    seed: SeedOption = 0,
    count: Annotated[int, typer.Option("--count", "-n", help="How many samples.", min=1)] = 24,
) -> None:
    """Write a contact sheet and a gallery page of a stream's first samples."""
    dataset = open_dataset(library, recipe, backgrounds, size, seed, length=count)
    sheet, page = write_preview(dataset, count, out)
    output.print(f"{sheet}\n{page}", markup=False)


def write_preview(dataset: SOSDataset, count: int, out: Path) -> tuple[Path, Path]:
    """Write ``sheet.png`` and ``gallery.html`` into a folder; both appear whole or not at all."""
    entries: list[Entry] = []
    with progress_bar("composing") as update:
        for entry in gallery_entries(dataset, count):
            entries.append(entry)
            update(len(entries), count)
    sheet, page = out / "sheet.png", out / "gallery.html"
    png = cv2.imencode(".png", cv2.cvtColor(contact_sheet(entries), cv2.COLOR_RGB2BGR))[1].tobytes()
    write_atomically(sheet, lambda file: file.write(png))
    write_gallery(page, entries, title=dataset.library.manifest.name)
    return sheet, page
