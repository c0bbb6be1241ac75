"""`sos-online cache`: write a stream to disk ahead of training, and look at what is there."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table
from typer.core import TyperGroup

from sos_online.cli.stream_options import (
    BackgroundsOption,
    DeviceOption,
    LibraryOption,
    RecipeOption,
    SeedOption,
    SizeOption,
    open_dataset,
)
from sos_online.cli.terminal import errors, output, progress_bar
from sos_online.data.cache import CacheFolder, CacheSettings, verify_cache, write_cache
from sos_online.data.cache.format import ImageFormat
from sos_online.data.cache.runners import RunnerName
from sos_online.errors import CacheError

_PRINTED = 50  # problems of a cache


class _WriteUnlessNamed(TyperGroup):
    """``cache OUT …`` is ``cache write OUT …``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["write", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_WriteUnlessNamed, no_args_is_help=True)

OutArgument = Annotated[str, typer.Argument(help="Folder or URL (s3://…) of a cache.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]


@app.command()
def write(
    out: Annotated[str, typer.Argument(help="Folder or URL (s3://…) to write; gone on with if it is there.")],
    samples: Annotated[int, typer.Option("--samples", "-n", help="How many.", min=1)],
    library: LibraryOption = None,
    recipe: RecipeOption = None,
    backgrounds: BackgroundsOption = None,
    size: SizeOption = None,
    seed: SeedOption = 0,
    length: Annotated[
        int, typer.Option(help="Samples in an epoch; more are taken from the next epochs.", min=1)
    ] = 100_000,
    samples_per_shard: Annotated[int, typer.Option("--samples-per-shard", help="Samples in a tar.", min=1)] = 1000,
    image_format: Annotated[ImageFormat, typer.Option("--format", help="Of the pictures.")] = "jpg",
    quality: Annotated[
        int | None, typer.Option("--quality", help="Of jpg and webp; 95 if absent.", min=1, max=100)
    ] = None,
    scene: Annotated[bool, typer.Option("--scene", help="Store the plans too.")] = False,
    workers: Annotated[
        int, typer.Option("--workers", help="Processes; 0 works in this one. On Ray: shards at once, 0 for all.", min=0)
    ] = 0,
    device: DeviceOption = "cpu",
    runner: Annotated[RunnerName, typer.Option("--runner", help="Processes here, or a Ray cluster.")] = "local",
    rank: Annotated[int, typer.Option("--rank", help="Of several that share the work, this one …", min=0)] = 0,
    world: Annotated[int, typer.Option("--world", help="… of so many.", min=1)] = 1,
    json: JsonOption = False,
) -> None:
    """Write samples as WebDataset shards, finished and lit. `sos-online cache OUT …` is the same."""
    settings = CacheSettings.parse(
        image_format=image_format, quality=quality, samples_per_shard=samples_per_shard, scene=scene
    )
    dataset = open_dataset(library, recipe, backgrounds, size, seed, length)
    with progress_bar("writing samples") as update:
        report = write_cache(
            dataset,
            out,
            samples=samples,
            settings=settings,
            workers=workers,
            device=device,
            runner=runner,
            rank=rank,
            world=world,
            progress=update,
        )
    if json:
        output.print_json(data=asdict(report))
        return
    state = "complete" if report.complete else "not complete yet"
    output.print(
        f"{report.written} samples written ({report.size / 1e6:.1f} MB), {report.there} were there; {state}: {out}",
        markup=False,
    )


@app.command()
def verify(
    out: OutArgument,
    workers: Annotated[int, typer.Option("--workers", help="Processes; 0 reads in this one.", min=0)] = 0,
    json: JsonOption = False,
) -> None:
    """Read every byte of a cache, and name the shard and the sample of whatever is wrong."""
    with progress_bar("verifying shards") as update:
        report = verify_cache(out, workers=workers, progress=update)
    if json:
        output.print_json(data={**asdict(report), "sound": report.sound})
    else:
        for problem in report.problems[:_PRINTED]:
            errors.print(problem, style="yellow", markup=False)
        state = "complete" if report.complete else "not complete"
        output.print(f"{report.samples} samples in {report.shards} shards, {report.size / 1e6:.1f} MB; {state}")
    if report.problems:
        raise CacheError(f"{out}: problems found: {len(report.problems)}")


@app.command()
def info(out: OutArgument, json: JsonOption = False) -> None:
    """Say what a cache holds, from its manifest alone."""
    manifest = CacheFolder(out).manifest()
    if json:
        output.print_json(data=manifest.model_dump(mode="json", exclude={"category_names", "recipe"}))
        return
    shards = manifest.shards
    facts = {
        "state": "complete" if manifest.complete else "being written, or left unfinished",
        "samples": "as many as training stores" if manifest.samples is None else f"{manifest.samples:,}",
        "shards": f"{len(shards):,}, {sum(shard.size for shard in shards) / 1e6:.1f} MB" if shards else "",
        "pictures": " ".join(map(str, filter(None, (manifest.settings.image_format, manifest.settings.quality)))),
        "light": "made when they are read" if manifest.light_pending else "made",
        "categories": f"{len(manifest.category_names):,}",
        "written by": f"sos_online {manifest.written_by}",
        **{f"stream: {key}": str(value) for key, value in manifest.stream.items()},
    }
    table = Table(show_header=False, box=None)
    for name, fact in facts.items():
        if fact:
            table.add_row(name, fact)
    output.print(table)
