"""The options that say which stream: the same for every command that makes samples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sos_online.cli.terminal import progress_bar
from sos_online.data import Backgrounds, SOSDataset
from sos_online.library import SegmentLibrary
from sos_online.library.demo_library import open_demo
from sos_online.recipe import Recipe

LibraryOption = Annotated[
    str | None, typer.Option("--library", "-l", help="Folder or URL of a library; the embedded demo library if absent.")
]
RecipeOption = Annotated[
    Path | None, typer.Option("--recipe", "-r", help="YAML file; the published setting (configs/fc.yaml) if absent.")
]
BackgroundsOption = Annotated[
    str | None, typer.Option("--backgrounds", "-b", help="Folder or URL of photos; drawn backgrounds if absent.")
]
SizeOption = Annotated[
    int | None, typer.Option("--size", help="Side of a square canvas, instead of the recipe's.", min=1)
]
DeviceOption = Annotated[str, typer.Option("--device", help="Where light is made: cpu, cuda, cuda:1.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Another seed is another stream.", min=0)]


def open_library(path: str | None) -> SegmentLibrary:
    if path is not None:
        return SegmentLibrary.open(path)
    with progress_bar("drawing the demo library (once)") as update:
        return open_demo(update)


def open_dataset(
    library: str | None,
    recipe: Path | None,
    backgrounds: str | None,
    size: int | None,
    seed: int,
    length: int,
) -> SOSDataset:
    """The stream that the options describe."""
    chosen = Recipe() if recipe is None else Recipe.load(recipe)
    if size is not None:
        chosen = chosen.replace(canvas={"sizes": [[size, size]]})
    photos = None if backgrounds is None else Backgrounds.open(backgrounds)
    return SOSDataset(open_library(library), chosen, seed=seed, length=length, backgrounds=photos)
