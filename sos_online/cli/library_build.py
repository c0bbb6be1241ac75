"""`sos-online library build`: sources by options or by a YAML file, into a new library or into one that is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from sos_online.cli.library_report import describe
from sos_online.cli.terminal import progress_bar
from sos_online.errors import SourceError
from sos_online.library.append import append_to_library
from sos_online.library.build import build_library
from sos_online.library.encode import Encoding
from sos_online.library.sources.coco import image_names
from sos_online.library.sources.listing import make_sources, read_sources
from sos_online.library.sources.lvis import lvis_image_names
from sos_online.library.sources.reading.lines import read_lines
from sos_online.library.vocabulary_files import read_vocabulary

Paths = list[Path] | None
_SOURCES, _ABOUT, _NAMES = "Sources, each may be given several times", "About the sources", "Vocabulary"

Entry = dict[str, Any]


def _source(flag: str, help: str) -> Any:
    return typer.Option(flag, help=help, rich_help_panel=_SOURCES)


def _about(flag: str, help: str, **limits: Any) -> Any:
    return typer.Option(flag, help=help, rich_help_panel=_ABOUT, **limits)


def build(
    out: Annotated[Path, typer.Argument(help="Folder to write; an unfinished build in it is gone on with.")],
    coco: Annotated[Paths, _source("--coco", "COCO-format instance JSON.")] = None,
    lvis: Annotated[Paths, _source("--lvis", "LVIS instance JSON, v0.5 or v1.")] = None,
    masks: Annotated[Paths, _source("--masks", "Folder of instance masks (PNG); with --category.")] = None,
    images: Annotated[
        Paths, _source("--images", "Image folder: one for each --coco, then for each --lvis, then for each --masks.")
    ] = None,
    sos: Annotated[Paths, _source("--sos", "category/sub_category/ID.png with its metadata JSON.")] = None,
    folders: Annotated[Paths, _source("--folders", "category/*.png, RGBA.")] = None,
    cutouts: Annotated[Paths, _source("--cutouts", "*.png, RGBA, named by category or by --table.")] = None,
    voc: Annotated[Paths, _source("--voc", "PASCAL VOC with SegmentationObject and SegmentationClass.")] = None,
    ade20k: Annotated[Paths, _source("--ade20k", "ADE20K's original files.")] = None,
    sa1b: Annotated[Paths, _source("--sa1b", "SA-1B: photos with a JSON of masks each.")] = None,
    parquet: Annotated[Paths, _source("--parquet", "Parquet file, or folder of them, as published.")] = None,
    tars: Annotated[Paths, _source("--tars", "WebDataset tar, or folder of them, with RGBA images.")] = None,
    sources: Annotated[
        Paths, _source("--sources", "YAML file: a list of sources with all their settings, see docs/sources.md.")
    ] = None,
    strip_digits: Annotated[
        bool, _about("--strip-digits", "--folders: person1 and person2 are both the category person.")
    ] = False,
    only_images: Annotated[
        Path | None,
        _about(
            "--only-images",
            "--coco and --lvis, or --folders: text file of the images that segments may come from, one a line.",
        ),
    ] = None,
    table: Annotated[
        Path | None, _about("--table", "--cutouts: CSV or JSON with file, category and words of each.")
    ] = None,
    category: Annotated[str, _about("--category", "--masks, --sa1b, --tars: category of what names none itself.")] = "",
    min_area: Annotated[
        int | None, _about("--min-area", "Fewest pixels of what is cut out of photos, 256 if absent.", min=1)
    ] = None,
    flags: Annotated[
        Path | None, _about("--flags", "JSON of quality flags by key, for the one source of RGBA images.")
    ] = None,
    synonyms: Annotated[
        Path | None,
        typer.Option(help="YAML: names, and of each the other names and synsets that mean it.", rich_help_panel=_NAMES),
    ] = None,
    ids_from: Annotated[
        Path | None,
        typer.Option(help="Library, or text file of names, whose category ids are kept.", rich_help_panel=_NAMES),
    ] = None,
    append: Annotated[bool, typer.Option("--append", help="Add the sources to the finished library OUT.")] = False,
    name: Annotated[str, typer.Option(help="Of the library; the folder's name if empty.")] = "",
    licence: Annotated[
        str, typer.Option(help="Under which the segments may be used; stored and shown; unknown if empty.")
    ] = "",
    max_side: Annotated[
        int | None, typer.Option(help=f"Longer segments are shrunk to this, {Encoding().max_side} if absent.", min=1)
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes.", min=0)] = 2,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Build a library from one or more sources, or add them to one that is there."""
    if append and (name or licence or max_side):
        raise SourceError("--append: a library keeps its settings: leave out --name, --licence and --max-side")
    _for_some("--strip-digits", strip_digits, {"--folders": folders})
    _for_some("--only-images", only_images, {"--coco": coco, "--lvis": lvis, "--folders": folders})
    unnamed: dict[str, Paths] = {"--masks": masks, "--sa1b": sa1b, "--tars": tars}
    _for_some("--category", category, unnamed)
    if category and sum(map(bool, unnamed.values())) > 1:
        raise SourceError(f"--category: expected one of {', '.join(unnamed)}; --sources has settings for each")
    of_photos = {"--coco": coco, "--lvis": lvis, "--masks": masks, "--voc": voc, "--ade20k": ade20k, "--sa1b": sa1b}
    _for_some("--min-area", min_area, of_photos)
    cut_out = {} if min_area is None else {"min_area": min_area}
    named = {"category": category} if category else {}
    photos, masked = _with_images(coco or [], lvis or [], masks or [], images or [])
    crops = [{"kind": "folders", "root": root, "strip_digits": strip_digits} for root in folders or []]
    rgba: list[Entry] = [
        *({"kind": "sos", "root": root} for root in sos or []),
        *crops,
        *({"kind": "cutouts", "root": root} for root in cutouts or []),
        *({"kind": "parquet", "path": path} for path in parquet or []),
        *({"kind": "tars", "path": path, **named} for path in tars or []),
    ]
    _for_the_one("--flags", flags, rgba, "source of RGBA images")
    _for_the_one("--table", table, [entry for entry in rgba if entry["kind"] == "cutouts"], "--cutouts")
    if only_images is not None:
        _limit(photos, crops, only_images)
    entries: list[Entry] = [
        *({**entry, **cut_out} for entry in photos),
        *rgba,
        *({**entry, **named, **cut_out} for entry in masked),
        *({"kind": "voc", "root": root, **cut_out} for root in voc or []),
        *({"kind": "ade20k", "root": root, **cut_out} for root in ade20k or []),
        *({"kind": "sa1b", "root": root, **named, **cut_out} for root in sa1b or []),
    ]
    made = [*make_sources(entries, "options"), *(source for path in sources or [] for source in read_sources(path))]
    if not made:
        raise SourceError("name at least one source, such as --coco JSON --images FOLDER, --sos FOLDER, --sources YAML")
    vocabulary = read_vocabulary(synonyms, ids_from)
    with progress_bar("building") as update:
        if append:
            library = append_to_library(out, made, vocabulary=vocabulary, workers=workers, progress=update)
        else:
            library = build_library(
                out,
                made,
                name=name,
                licence=licence or "unknown",
                encoding=Encoding() if max_side is None else Encoding(max_side=max_side),
                vocabulary=vocabulary,
                workers=workers,
                progress=update,
            )
    describe(library, json)


def _with_images(
    coco: Sequence[Path], lvis: Sequence[Path], masks: Sequence[Path], images: Sequence[Path]
) -> tuple[list[Entry], list[Entry]]:
    """Sources that have their photos in a folder of their own: those with a JSON, and those with masks."""
    given = [
        *({"kind": "coco", "annotations": path} for path in coco),
        *({"kind": "lvis", "annotations": path} for path in lvis),
        *({"kind": "masks", "masks": path} for path in masks),
    ]
    if len(given) != len(images):
        raise SourceError(
            f"--coco, --lvis and --masks are given {len(given)} times and --images {len(images)} times: they pair up"
        )
    entries: list[Entry] = [{**entry, "images": folder} for entry, folder in zip(given, images, strict=True)]
    return entries[: len(coco) + len(lvis)], entries[len(coco) + len(lvis) :]


def _for_some(option: str, value: object, taken_by: Mapping[str, Paths]) -> None:
    """Refuse an option that none of the sources takes."""
    if value and not any(taken_by.values()):
        *others, last = taken_by
        names = f"{', '.join(others)} or {last}, which take" if others else f"{last}, which takes"
        raise SourceError(f"{option}: expected {names} it, found none; --sources has settings for each")


def _for_the_one(option: str, file: Path | None, entries: Sequence[Entry], what: str) -> None:
    """Give an option's file to the one source that it can be meant for."""
    if file is None:
        return
    if len(entries) != 1:
        raise SourceError(f"{option}: expected one {what}, found {len(entries)}; --sources has settings for each")
    entries[0][option.removeprefix("--")] = file


def _limit(photos: Sequence[Entry], crops: Sequence[Entry], only_images: Path) -> None:
    """Limit the JSON files to a list of images, giving each the names that it has; or the crops."""
    if photos and crops:  # a name that one of them does not know would be no mistake in the list
        raise SourceError(
            "--only-images: expected --coco and --lvis, or --folders, found both; --sources has a list for each"
        )
    wanted = [line for line in read_lines(only_images) if line]
    if not photos:
        for entry in crops:
            entry["only_images"] = wanted
        return
    names_of = {"coco": image_names, "lvis": lvis_image_names}
    known = [names_of[entry["kind"]](entry["annotations"]) for entry in photos]
    unknown = set(wanted).difference(*known)
    if unknown:
        raise SourceError(f"{only_images}: no --coco or --lvis file has an image named {min(unknown)!r}")
    for entry, names in zip(photos, known, strict=True):
        entry["only_images"] = [name for name in wanted if name in names]
