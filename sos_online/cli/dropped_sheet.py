"""A contact sheet of what a filter drops: for each criterion some of the segments that fail it, and what passes all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sos_online.cli.cut_out_sheet import TILE, CutOut, Section, cut_out_sheet
from sos_online.cli.quality_report import QualityReport
from sos_online.errors import BrokenSegmentError
from sos_online.library import SegmentLibrary
from sos_online.plan.quality import Criterion, passing
from sos_online.types import FLAGS, Measure, Pixels

_COLUMNS = 8


def dropped_sheet(report: QualityReport, each: int) -> Pixels:
    """Up to ``each`` segments for every criterion, evenly spread over those that fail it; the worst come first.

    Near-duplicates stand beside what they repeat. Returns uint8 ``[H, W, 3]`` RGB.

    Raises:
        BrokenSegmentError: a segment that is to be shown cannot be decoded.
    """
    total, passed = sum(report.count([])), sum(report.count(report.criteria))
    sections = [_section(report, one, each, total) for one in report.criteria]
    if report.criteria and passed:
        rows = report.spread(passing(report.criteria, report.library), each)
        cards = [_card(report, row, _sizes(report.library, row)) for row in rows.tolist()]
        sections.append(Section("kept", f"{_share(passed, total)} pass all criteria", cards))
    title = f"{report.library.manifest.name}: the filter drops {_share(total - passed, total)}"
    return cut_out_sheet(title, sections, _COLUMNS)


def _section(report: QualityReport, criterion: Criterion, each: int, total: int) -> Section:
    fails = Criterion(criterion.name, criterion.measures, lambda *columns: ~criterion.passes(*columns))
    pairs = "duplicate_of" in criterion.measures
    rows = report.spread(passing([fails], report.library), each // 2 if pairs else each)
    dropped = total - sum(report.count([criterion]))
    column = report.library.quality(criterion.measures[0])
    worst_first = rows[np.argsort(column[rows], kind="stable")].tolist()
    cards = [card for row in worst_first for card in _cards(report, criterion, row)]
    return Section(criterion.name, f"drops {_share(dropped, total)}", cards)


def _cards(report: QualityReport, criterion: Criterion, row: int) -> Iterator[CutOut]:
    library = report.library
    others = [_short(one) for one in report.criteria if one is not criterion and not _passes(library, one, row)]
    yield _card(report, row, _found(library, criterion, row), f"also {', '.join(others)}" if others else "")
    if "duplicate_of" in criterion.measures:
        kept = int(library.quality("duplicate_of")[row])
        if kept >= len(library):
            raise BrokenSegmentError(f"{library.root}: segment {row} repeats segment {kept}, of {len(library):,}")
        yield _card(report, kept, "repeated by the one on the left", joined=True)


def _short(criterion: Criterion) -> str:
    """``min_opaque: 1024`` as ``min_opaque``, ``flag: Integrity`` as ``Integrity``."""
    key, value = criterion.name.split(": ")
    return value if key == "flag" else key


def _passes(library: SegmentLibrary, criterion: Criterion, row: int) -> bool:
    return bool(criterion.passes(*(library.quality(measure)[row : row + 1] for measure in criterion.measures))[0])


def _found(library: SegmentLibrary, criterion: Criterion, row: int) -> str:
    """What the library says of the measure that a criterion looks at."""
    measure: Measure = criterion.measures[0]
    value = library.quality(measure)[row]
    if measure == "flags":
        bit = next(1 << number for number, flag in enumerate(FLAGS) if criterion.name.endswith(flag))
        return "does not hold" if library.quality("flags_known")[row] & bit else "nothing is known of it"
    return {
        "opaque": f"{int(value):,} opaque pixels",
        "at_border": "reaches the border",
        "component_share": f"largest piece {value:.0%}",
        "edge_sharpness": f"edge sharpness {value:.2f}",
        "laplacian_variance": f"variance {value:.0f}",
        "duplicate_of": f"repeats segment {int(value)}",
    }[measure]


def _card(report: QualityReport, row: int, *lines: str, joined: bool = False) -> CutOut:
    library = report.library
    sizes = library.level_sizes(row)
    level = next((number for number, size in enumerate(sizes) if max(size) >= TILE), len(sizes) - 1)
    return CutOut(
        library.colour(row, level),
        library.alpha(row, level),
        (library.category_names[library.category_of(row) - 1], library.key(row), *lines),
        joined,
    )


def _sizes(library: SegmentLibrary, row: int) -> str:
    width, height = library.size_wh(row)
    return f"{width} x {height} pixels"


def _share(count: int, total: int) -> str:
    return f"{count:,} of {total:,} segments ({count / total:.1%})"
