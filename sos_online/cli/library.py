"""`sos-online library`: build, look into, and the demo library as a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from sos_online.cli.stream_options import open_library
from sos_online.cli.terminal import output, progress_bar
from sos_online.errors import SourceError
from sos_online.library import CategoryFolders, CocoInstances, Encoding, SegmentLibrary, SOSLayout, build_library
from sos_online.library.demo_library import build_demo
from sos_online.library.left_out import listed
from sos_online.library.sources import Source
from sos_online.library.sources.coco import image_names

app = typer.Typer(no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]


@app.command()
def build(
    out: Annotated[Path, typer.Argument(help="Folder to write; an unfinished build in it is gone on with.")],
    coco: Annotated[list[Path] | None, typer.Option("--coco", help="COCO-format instance JSON.")] = None,
    images: Annotated[
        list[Path] | None, typer.Option("--images", help="Folder of its images, one for each --coco.")
    ] = None,
    sos: Annotated[
        list[Path] | None, typer.Option("--sos", help="category/sub_category/ID.png with its metadata JSON.")
    ] = None,
    folders: Annotated[list[Path] | None, typer.Option("--folders", help="category/*.png, RGBA.")] = None,
    strip_digits: Annotated[
        bool, typer.Option("--strip-digits", help="--folders: person1 and person2 are both the category person.")
    ] = False,
    min_area: Annotated[int, typer.Option(help="--coco: fewest mask pixels of a segment.", min=1)] = 256,
    only_images: Annotated[
        Path | None,
        typer.Option(help="--coco: text file of the image names to use, one a line; each in one --coco at least."),
    ] = None,
    name: Annotated[str, typer.Option(help="Of the library; the folder's name if empty.")] = "",
    licence: Annotated[str, typer.Option(help="Under which the segments may be used; stored and shown.")] = "unknown",
    max_side: Annotated[int, typer.Option(help="Longer segments are shrunk to this.", min=1)] = Encoding().max_side,
    workers: Annotated[int, typer.Option(help="Processes.", min=0)] = 2,
    json: JsonOption = False,
) -> None:
    """Build a library from one or more sources. Each option may be given several times."""
    if len(coco or []) != len(images or []):
        raise SourceError(
            f"--coco is given {len(coco or [])} times and --images {len(images or [])} times: they pair up"
        )
    sources: list[Source] = [
        *_coco_sources(list(zip(coco or [], images or [], strict=True)), min_area, only_images),
        *(SOSLayout(root) for root in sos or []),
        *(CategoryFolders(root, strip_digits=strip_digits) for root in folders or []),
    ]
    if not sources:
        raise SourceError("name at least one source: --coco JSON --images FOLDER, --sos FOLDER or --folders FOLDER")
    with progress_bar("building") as update:
        library = build_library(
            out,
            sources,
            name=name,
            licence=licence,
            encoding=Encoding(max_side=max_side),
            workers=workers,
            progress=update,
        )
    _describe(library, json)


@app.command()
def info(
    path: Annotated[Path | None, typer.Argument(help="Folder of a library; the demo library if absent.")] = None,
    json: JsonOption = False,
) -> None:
    """What is in a library."""
    _describe(open_library(path), json)


@app.command("demo")
def write_demo(out: Annotated[Path, typer.Argument(help="Folder to write.")], json: JsonOption = False) -> None:
    """Write the embedded demo library to a folder, to look at its files."""
    with progress_bar("drawing") as update:
        library = build_demo(out, update)
    _describe(library, json)


def _describe(library: SegmentLibrary, as_json: bool) -> None:
    if as_json:
        sizes = (library.category_starts[1:] - library.category_starts[:-1]).tolist()
        per_category = dict(zip(library.category_names, sizes, strict=True))
        output.print_json(data={**library.manifest.model_dump(mode="json"), "per_category": per_category})
        return
    manifest = library.manifest
    output.print(
        f"{manifest.name}: {manifest.segments:,} segments in {manifest.categories:,} categories, "
        f"licence {manifest.licence}, at {library.root}",
        markup=False,
    )
    table = Table("source", "taken", "left out", "why")
    for source in manifest.sources:
        why = ", ".join(f"{count:,} {reason}" for reason, count in source.left_out.items())
        table.add_row(source.name, f"{source.taken:,}", f"{sum(source.left_out.values()):,}", why)
    output.print(table)
    for source in manifest.sources:
        for reason, keys in source.examples.items():
            output.print(f"{source.name}: {reason}: {listed(keys, source.left_out[reason])}", markup=False)


def _coco_sources(pairs: list[tuple[Path, Path]], min_area: int, only_images: Path | None) -> list[CocoInstances]:
    """A source for each (JSON, image folder); of the names in ``only_images`` it is given those that it knows."""
    if only_images is None:
        return [CocoInstances(folder, path, min_area) for path, folder in pairs]
    wanted = _read_lines(only_images)
    known = [image_names(path) for path, _ in pairs]
    unknown = set(wanted).difference(*known)
    if pairs and unknown:
        raise SourceError(f"{only_images}: no --coco file has an image named {sorted(unknown)[0]!r}")
    return [
        CocoInstances(folder, path, min_area, [name for name in wanted if name in names])
        for (path, folder), names in zip(pairs, known, strict=True)
    ]


def _read_lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text("utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from None
