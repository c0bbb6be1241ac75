"""`sos-online library`: build, merge, look into, and the demo library as a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sos_online.cli.library_build import build
from sos_online.cli.library_quality import quality
from sos_online.cli.library_report import describe
from sos_online.cli.stream_options import open_library
from sos_online.cli.terminal import progress_bar
from sos_online.library import merge_libraries
from sos_online.library.demo_library import build_demo

app = typer.Typer(no_args_is_help=True)
app.command("build")(build)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]


@app.command()
def merge(
    out: Annotated[Path, typer.Argument(help="Folder to write; gone on with if it is there.")],
    libraries: Annotated[list[Path], typer.Argument(help="Folders of two or more libraries of one encoding.")],
    name: Annotated[str, typer.Option(help="Of the library; the folder's name if empty.")] = "",
    licence: Annotated[str, typer.Option(help="Of the library; needed where theirs differ.")] = "",
    json: JsonOption = False,
) -> None:
    """Join libraries that were built on several machines; nothing is encoded again."""
    with progress_bar("merging") as update:
        library = merge_libraries(out, libraries, name=name, licence=licence, progress=update)
    describe(library, json)


@app.command()
def info(
    path: Annotated[str | None, typer.Argument(help="Folder or URL of a library; the demo library if absent.")] = None,
    categories: Annotated[bool, typer.Option("--categories", help="List every category.")] = False,
    json: JsonOption = False,
) -> None:
    """What is in a library: sources, what was left out and why, and the long tail of its categories."""
    describe(open_library(path), json, categories)


app.command("quality")(quality)


@app.command("demo")
def write_demo(out: Annotated[Path, typer.Argument(help="Folder to write.")], json: JsonOption = False) -> None:
    """Write the embedded demo library to a folder, to look at its files."""
    with progress_bar("drawing") as update:
        library = build_demo(out, update)
    describe(library, json)
