"""`sos-online library quality`: what a library's segments are worth, and what a filter leaves of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.table import Column, Table

from sos_online.cli.dropped_sheet import dropped_sheet
from sos_online.cli.png_file import write_png
from sos_online.cli.quality_report import QualityReport
from sos_online.cli.stream_options import RecipeOption, open_library
from sos_online.cli.terminal import output
from sos_online.errors import RecipeError
from sos_online.recipe import Recipe

_HEADINGS = ("lowest", "25 %", "median", "75 %", "highest")


def quality(
    library: Annotated[
        str | None, typer.Argument(help="Folder or URL of a library; the demo library if absent.")
    ] = None,
    recipe: RecipeOption = None,
    preset: Annotated[str | None, typer.Option(help="filter_0 … filter_4: flags that must hold.")] = None,
    flag: Annotated[list[str] | None, typer.Option(help="A further flag that must hold; may be repeated.")] = None,
    unknown_flags: Annotated[str | None, typer.Option(help="Where a flag is not known: error, keep, drop.")] = None,
    min_opaque: Annotated[int | None, typer.Option(help="Fewest opaque pixels.")] = None,
    at_border: Annotated[str | None, typer.Option(help="Cut off by its picture's border, maybe: keep, drop.")] = None,
    min_component_share: Annotated[float | None, typer.Option(help="Share of the pixels in the largest piece.")] = None,
    min_edge_sharpness: Annotated[float | None, typer.Option(help="Sharpness of the outline, 0 to 1.")] = None,
    min_laplacian_variance: Annotated[float | None, typer.Option(help="Less is blurred, or plain.")] = None,
    near_duplicates: Annotated[str | None, typer.Option(help="Of segments that repeat one: keep, drop.")] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Write a contact sheet of what the filter drops to this PNG; needs one.")
    ] = None,
    each: Annotated[int, typer.Option(help="--sheet: segments shown for each criterion.", min=2)] = 16,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Count what passes a filter, a recipe's or one made of options, and show how the measures are spread.

    Options replace what the recipe says. Without a filter there is nothing to draw for --sheet. No segment is removed:
    a filter takes effect where a recipe states it.
    """
    given: dict[str, Any] = {
        "preset": preset,
        "flags": flag,
        "unknown_flags": unknown_flags,
        "min_opaque": min_opaque,
        "at_border": at_border,
        "min_component_share": min_component_share,
        "min_edge_sharpness": min_edge_sharpness,
        "min_laplacian_variance": min_laplacian_variance,
        "near_duplicates": near_duplicates,
    }
    choice = (Recipe() if recipe is None else Recipe.load(recipe)).choice
    changed = choice.quality.model_dump() | {key: value for key, value in given.items() if value is not None}
    choice = Recipe.parse({"choice": choice.model_dump() | {"quality": changed}}, "options").choice
    if sheet is not None and not choice.quality.criteria():
        raise RecipeError(
            "--sheet: expected a filter, by options such as --min-opaque 1024 or by choice.quality of --recipe, "
            "found none: nothing is dropped"
        )
    report = QualityReport(open_library(library), choice)
    if sheet is not None:
        write_png(sheet, dropped_sheet(report, each))
    if json:
        output.print_json(data=report.as_data())
        return
    _print(report)
    if sheet is not None:
        output.print(str(sheet), markup=False)


def _print(report: QualityReport) -> None:
    data = report.as_data()
    output.print(_what_passes(data))
    output.print(_what_is_known(data))
    output.print(_how_it_is_spread(data))
    if report.criteria:
        output.print("In a recipe:", markup=False)
        chosen = report.choice.quality.model_dump(mode="json", exclude_defaults=True)
        output.print(yaml.safe_dump({"choice": {"quality": chosen}}, sort_keys=False).rstrip(), markup=False)


def _what_passes(data: dict[str, Any]) -> Table:
    """A line for each filter and source: a column for each source would be cut off where there are many."""
    sources = list(data["segments"])
    table = Table(_named("passes"), _named("source"), "segments")
    rows = {"no filter": data["segments"]}
    if data["passes"]:
        rows |= {**data["passes"], "all of these": data["passes_all"]}
    for name, counts in rows.items():
        if len(sources) > 1:
            table.add_row(name, "all", _of(counts, data["segments"]))
        for one in sources:
            table.add_row(name, one, _of(counts, data["segments"], one))
    return table


def _what_is_known(data: dict[str, Any]) -> Table:
    table = Table(_named("flags and marks"), _named("source"), "segments")
    for flag, counts in data["flags"].items():
        for one in data["segments"]:
            holds = f"holds for {_of(counts['holds'], counts['known'], one)}" if counts["known"][one] else "not known"
            table.add_row(flag, one, holds)
    marks = (
        ("at the border", "border_known", "inside_picture"),
        ("border not known", "segments", "border_known"),
        ("near-duplicates", "segments", "no_near_duplicate"),
    )
    for title, of, without in marks:
        rest = {one: total - data[without][one] for one, total in data[of].items()}
        for one in data["segments"]:
            table.add_row(title, one, _of(rest, data["segments"], one))
    return table


def _how_it_is_spread(data: dict[str, Any]) -> Table:
    table = Table(_named("measure"), _named("source"), *_HEADINGS)
    for measure, of_source in data["quantiles"].items():
        for source, values in of_source.items():
            digits = 0 if measure in ("opaque", "laplacian_variance") else 2
            table.add_row(measure, source, *(f"{value:,.{digits}f}" for value in values))
    return table


def _named(heading: str) -> Column:
    """A column of names, which a narrow terminal breaks and does not cut."""
    return Column(heading, overflow="fold")


def _of(counts: dict[str, int], totals: dict[str, int], source: str | None = None) -> str:
    count, total = (sum(each.values()) if source is None else each[source] for each in (counts, totals))
    return f"{count:,} ({count / max(total, 1):.1%})"
