"""`sos-online relight`: the model of diffusion light, and light for composites that are files already."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sos_online.cli.stream_options import DeviceOption, RecipeOption, SeedOption
from sos_online.cli.terminal import errors, output, progress_bar
from sos_online.data import make_device_stage
from sos_online.data.composite_folder import CompositeFolder
from sos_online.data.light_folder import light_folder
from sos_online.errors import SOSError
from sos_online.recipe import Recipe

app = typer.Typer(no_args_is_help=True)


@app.command()
def prepare(
    out: Annotated[Path, typer.Argument(help="Folder to write; name it in a recipe as iclight.model.")],
    offset: Annotated[Path, typer.Option("--offset", help="IC-Light's iclight_sd15_fc.safetensors (or fbc).")],
    base: Annotated[
        str, typer.Option("--base", help="A Stable Diffusion 1.5 model: a folder in diffusers' layout, or a hub id.")
    ] = "stablediffusionapi/realistic-vision-v51",
) -> None:
    """Merge a base model and IC-Light's offset into one folder, once."""
    from sos_online.relight.iclight import prepare as merge

    output.print(str(merge(base, offset, out)), markup=False)


@app.command()
def folder(
    source: Annotated[Path, typer.Argument(help="Pictures KEY.png|jpg|webp with their maps KEY.seg.png.")],
    out: Annotated[Path, typer.Argument(help="Folder for the lit pictures; gone on with if it is there.")],
    recipe: RecipeOption = None,
    seed: SeedOption = 0,
    device: DeviceOption = "cpu",
    batch: Annotated[int, typer.Option(help="Pictures lit at once.", min=1)] = 8,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Light a folder of composites by a recipe's light; names and maps stay."""
    chosen = (Recipe() if recipe is None else Recipe.load(recipe)).replace(reservoir=None)
    composites = CompositeFolder(source)
    stage = make_device_stage(chosen, device)
    with progress_bar("lighting") as update:
        report = light_folder(composites, out, chosen, seed=seed, stage=stage, batch_size=batch, progress=update)
    for reason in report.broken:
        errors.print(f"left out: {reason}", style="yellow", markup=False)
    counts: dict[str, Any] = {"lit": report.lit, "there": report.there, "broken": report.broken}
    if json:
        output.print_json(data=counts)
    else:
        output.print(f"{report.lit} lit, {report.there} were there, {len(report.broken)} left out: {out}", markup=False)
    if report.broken:
        raise SOSError(f"{len(report.broken)} of {len(composites)} pictures could not be read")
