"""`sos-online export`: a stream's samples as files, in the formats that others train from."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

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
from sos_online.data.cache.read import CachedDataset
from sos_online.data.exporting import ExportFormat, ExportReport
from sos_online.data.exporting import export as write
from sos_online.data.stream import SampleStream
from sos_online.errors import SOSError


def export(
    out: Annotated[str, typer.Argument(help="Folder to write; gone on with if it holds a part of the same export.")],
    format: Annotated[ExportFormat, typer.Option("--format", "-f", help="What it is to be read as.")],
    library: LibraryOption = None,
    recipe: RecipeOption = None,
    backgrounds: BackgroundsOption = None,
    size: SizeOption = None,
    seed: SeedOption = 0,
    cache: Annotated[
        str | None, typer.Option("--cache", help="Folder or URL of a cache: its samples, instead of new ones.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option("--samples", "-n", help="How many; all of a cache if absent.", min=1)
    ] = None,
    val: Annotated[float, typer.Option("--val", help="Share of them, the last ones, for a split val.", min=0)] = 0.0,
    workers: Annotated[int, typer.Option(help="Processes that make samples; 0 for this one.", min=0)] = 2,
    image_format: Annotated[Literal["jpg", "png"], typer.Option("--images", help="PNG is without loss.")] = "jpg",
    quality: Annotated[int, typer.Option(help="Of JPEGs.", min=1, max=100)] = 95,
    negatives: Annotated[
        int | None, typer.Option(help="lvis: absent categories listed for an image; all if absent.", min=0)
    ] = None,
    device: DeviceOption = "cpu",
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Write samples for readers of COCO (instances or panoptic), LVIS, Ultralytics, ODVG, RefCOCO, gRefCOCO and MDETR.

    Images first, then their annotations; words are those that the recipe asks for.
    """
    stream: SampleStream
    if cache is None:
        if samples is None:
            raise SOSError("--samples: expected how many, since a stream has no end")
        stream = open_dataset(library, recipe, backgrounds, size, seed, length=samples)
    else:
        given = {"--library": library, "--recipe": recipe, "--backgrounds": backgrounds, "--size": size}
        others = [name for name, value in given.items() if value is not None] + ["--seed"] * (seed != 0)
        if others:
            raise SOSError(f"{others[0]}: expected none with --cache, whose samples are made already")
        stream = CachedDataset.open(cache, shuffle=False)
    with progress_bar("writing") as update:
        report = write(
            stream,
            out,
            format,
            samples=samples,
            val=val,
            workers=workers,
            image_format=image_format,
            quality=quality,
            negatives=negatives,
            device=device,
            progress=update,
        )
    if json:
        output.print_json(data=_as_data(report, stream))
        return
    if report.made:
        output.print(
            f"{report.images} images ({report.made} now, {report.empty} without objects), {report.objects} objects, "
            f"{report.bytes / 1e6:.1f} MB:",
            markup=False,
        )
    else:
        output.print(f"{report.images} images were there:", markup=False)
    for document in report.documents:
        output.print(f"  {document}", markup=False)


def _as_data(report: ExportReport, stream: SampleStream) -> dict[str, object]:
    broken = stream.failures
    return {
        "made": report.made,
        "images": report.images,
        "objects": report.objects,
        "empty": report.empty,
        "bytes": report.bytes,
        "documents": [str(path) for path in report.documents],
        "broken": {"segments": broken.segments, "photos": broken.photos, "samples": broken.samples},
    }
