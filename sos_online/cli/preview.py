"""`sos-online preview`: look at what a recipe gives before training on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated

import typer

from sos_online.cli.entries import gallery_entries
from sos_online.cli.gallery import Entry, contact_sheet, write_gallery
from sos_online.cli.png_file import write_png
from sos_online.cli.stream_options import (
    BackgroundsOption,
    DeviceOption,
    LibraryOption,
    RecipeOption,
    SeedOption,
    SizeOption,
    open_dataset,
)
from sos_online.cli.terminal import output, progress_bar
from sos_online.data import SOSDataset
from sos_online.errors import SOSError


def preview(
    out: Annotated[Path, typer.Argument(help="Folder for sheet.png, light.png and gallery.html.")] = Path("preview"),
    library: LibraryOption = None,
    recipe: RecipeOption = None,
    backgrounds: BackgroundsOption = None,
    size: SizeOption = None,
    seed: SeedOption = 0,
    count: Annotated[int, typer.Option("--count", "-n", help="How many samples.", min=1)] = 24,
    device: DeviceOption = "cpu",
) -> None:
    """Write a contact sheet and a gallery page of a stream's first samples, and each beside itself without light."""
    dataset = open_dataset(library, recipe, backgrounds, size, seed, length=count)
    for path in write_preview(dataset, count, out, device):
        output.print(str(path), markup=False)


def make_folder(out: Path) -> None:
    """Make the folder, and find now, before any work, whether files can be written there."""
    if out.exists() and not out.is_dir():
        raise SOSError(f"{out}: is a file; name a folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=out).close()  # permissions do not tell: root has them all, and yet a disk may be read-only
    except OSError as error:
        raise SOSError(f"{out}: cannot be written: {error.strerror}") from None


def write_preview(dataset: SOSDataset, count: int, out: Path, device: str = "cpu") -> list[Path]:
    """Write ``sheet.png``, ``gallery.html`` and, if there is light, ``light.png``; each appears whole or not at all."""
    make_folder(out)
    entries: list[Entry] = []
    with progress_bar("composing") as update:
        for entry in gallery_entries(dataset, count, device):
            entries.append(entry)
            update(len(entries), count)
    written = [out / "sheet.png", out / "gallery.html"]
    write_png(written[0], contact_sheet(entries))
    write_gallery(written[1], entries, title=dataset.library.manifest.name)
    pairs = [picture for entry in entries for picture in _before_and_after(entry)]
    if pairs:
        written.append(out / "light.png")
        write_png(written[2], contact_sheet(pairs, columns=4, overlay=False, group=2))
    return written


def _before_and_after(entry: Entry) -> tuple[Entry, ...]:
    if entry.unlit is None:
        return ()
    return replace(entry, title=f"{entry.title}, unlit", image=entry.unlit), entry
