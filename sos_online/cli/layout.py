"""`sos-online layout`: learn a layout from a real set, turn boxes into a table, look at what a recipe lays out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sos_online.cli.layout_sheet import layout_sheet
from sos_online.cli.png_file import write_png
from sos_online.cli.stream_options import LibraryOption, RecipeOption, SeedOption, SizeOption, open_library
from sos_online.cli.terminal import output
from sos_online.data import SOSDataset
from sos_online.data.box_tables import write_box_table
from sos_online.data.coco_boxes import CocoBoxes, read_coco_boxes
from sos_online.data.learned_files import write_learned_layout
from sos_online.errors import SourceError
from sos_online.plan.layout import fit_layout
from sos_online.recipe import Recipe

app = typer.Typer(no_args_is_help=True)

JsonArgument = Annotated[Path, typer.Argument(help="COCO-format instance JSON; LVIS' is one too.")]


@app.command()
def fit(
    annotations: JsonArgument,
    out: Annotated[Path, typer.Argument(help="File to write, .json; for `layout: {kind: learned, path: ...}`.")],
    boxes: Annotated[int, typer.Option(help="Examples kept of a category, on average.", min=1, max=10_000)] = 64,
) -> None:
    """Learn how many objects pictures have, which categories come together, how big they are, and where."""
    _check_suffix(out, ".json")
    coco = read_coco_boxes(annotations)
    learned = fit_layout(coco.table, coco.aspects, boxes)
    write_learned_layout(out, learned, fitted_on=annotations.name)
    _report(coco, out)
    output.print(f"{len(learned.names):,} categories, {len(learned.boxes):,} examples of boxes", markup=False)


@app.command()
def table(
    annotations: JsonArgument,
    out: Annotated[Path, typer.Argument(help="File to write, .arrow; for `layout: {kind: box_table, path: ...}`.")],
) -> None:
    """Turn the boxes of a large JSON into a small table, which opens at once."""
    _check_suffix(out, ".arrow")
    coco = read_coco_boxes(annotations)
    write_box_table(out, coco.table)
    _report(coco, out)


@app.command()
def show(
    out: Annotated[Path, typer.Argument(help="Picture to write, .png.")],
    recipe: RecipeOption = None,
    library: LibraryOption = None,
    size: SizeOption = None,
    seed: SeedOption = 0,
    count: Annotated[int, typer.Option("--count", "-n", help="How many layouts.", min=1)] = 24,
) -> None:
    """Draw the boxes that a recipe lays out, each with the category of its segment."""
    _check_suffix(out, ".png")
    chosen = Recipe() if recipe is None else Recipe.load(recipe)
    # segments fill their boxes, and there are no photos
    placement = {"mode": "stretch", "scale": [1.0, 1.0], "rotation": 0.0}
    chosen = chosen.replace(placement=placement, background={"weights": "auto"})
    if size is not None:
        chosen = chosen.replace(canvas={"sizes": [[size, size]]})
    dataset = SOSDataset(open_library(library), chosen, seed=seed, length=count)
    write_png(out, layout_sheet(dataset))
    output.print(str(out), markup=False)


def _check_suffix(out: Path, suffix: str) -> None:
    if out.suffix.lower() != suffix:
        raise SourceError(f"{out}: expected a name that ends in {suffix}")


def _report(coco: CocoBoxes, out: Path) -> None:
    left_out = ", ".join(f"{count:,} {reason}" for reason, count in coco.left_out.items()) or "nothing"
    output.print(
        f"{out}: {coco.table.num_boxes:,} boxes of {len(coco.table):,} pictures, "
        f"{out.stat().st_size / 1e3:,.0f} kB; left out: {left_out}",
        markup=False,
    )
