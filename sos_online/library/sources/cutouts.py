"""One flat folder of RGBA cut-outs: a table, or the file name, gives category and words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sos_online.errors import SourceError
from sos_online.library.sources.base import CategoryFacts, LeftOut, RawSegment, Unit, existing_folder, unit_left_out
from sos_online.library.sources.reading.flags import FlagTable
from sos_online.library.sources.reading.folders import files_below
from sos_online.library.sources.reading.records import read_records
from sos_online.library.sources.reading.rgba_files import PICTURE_SUFFIXES, Label, read_file
from sos_online.library.sources.reading.word_fields import words_of
from sos_online.ops.names import category_name

PATTERN = r"(?P<category>[^\d.]*[^\d.\s_()\[\]#-])"
"""The default: all before the first digit or dot, less what separates them: ``coffee-mug-03.png``,
``coffee_mug (3).png`` and ``coffee mug.out.png`` are each a coffee mug."""


@dataclass(frozen=True, init=False)
class Cutouts:
    """Source of ``ROOT/*.png`` (or ``.webp``). Pictures in folders below are left out.

    The category is what the table says; or else ``category``, if it is given; or else what ``pattern`` finds in the
    file's name. With a table and neither of the two, what is not in the table is left out.

    Attributes:
        root: the folder.
        table: CSV, TSV or JSON of records with the columns ``file``, ``category``, ``sub_category``, ``description``,
            ``short_phrase`` and ``features``; all but ``file`` may be absent or empty, and others are not read. In
            JSON it is a list of records, or an object of records by file name.
        pattern: regular expression that matches the beginning of a file's name, with a group named ``category``;
            without table and ``category`` it is :data:`PATTERN`, and then hyphens stand for blanks.
        category: of all cut-outs.
        name: of the source in the library; the folder's name if empty.
        flags: a file of flags, see :class:`FlagTable`.

    Raises:
        SourceError: ``pattern`` is no regular expression or has no such group, or is given beside ``category``; when
            it is listed: the table has no column ``category``, and nothing else says the category.
    """

    root: Path
    table: Path | None
    pattern: str
    category: str
    name: str
    flags: Path | None

    def __init__(
        self,
        root: str | Path,
        table: str | Path | None = None,
        pattern: str = "",
        category: str = "",
        name: str = "",
        flags: str | Path | None = None,
    ) -> None:
        if pattern and category:
            raise SourceError(f"cutouts: expected pattern or category, found both: {pattern!r}, {category!r}")
        if pattern:
            _compile(pattern)
        if category and not category_name(category):
            raise SourceError(f"cutouts: category {category!r} has nothing left of it as a name")
        vars(self).update(
            root=Path(root),
            table=None if table is None else Path(table),
            pattern=pattern or ("" if table is not None or category else PATTERN),
            category=category_name(category),
            name=name or Path(root).resolve().name,
            flags=None if flags is None else Path(flags),
        )

    def settings(self) -> dict[str, Any]:
        return {}

    def units(self) -> Iterator[Unit]:
        table = self._read_table()
        unused = set(table)
        flags = FlagTable(self.flags)
        found = False
        for file in files_below(existing_folder(self.root, "a source of cut-outs"), PICTURE_SUFFIXES):
            if len(file.parts) != 1 and not file.problem:
                yield unit_left_out(file.name, "not in the folder itself")
                continue
            found = True
            unused.discard(_composed(file.name))
            if file.problem:
                yield unit_left_out(file.name, file.problem)
                continue
            label = self._label(file.name, table.get(_composed(file.name)), flags)
            yield unit_left_out(file.name, label) if isinstance(label, str) else file.unit(1, label)
        if not found:
            raise SourceError(f"{self.root}: expected *.png or *.webp in it, found none")
        for file_name in sorted(unused):
            yield unit_left_out(file_name, "in the table, but not in the folder")
        flags.check_used()

    def categories(self) -> Mapping[str, CategoryFacts]:
        return {}

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        return read_file(self.root, unit)

    def _label(self, file_name: str, record: dict[str, Any] | None, flags: FlagTable) -> Label | str:
        """What is known of a file, or why it is left out."""
        stated = (record or {}).get("category")
        category = category_name(stated if isinstance(stated, str) else "") or self.category
        if not category and self.pattern:
            match = _compile(self.pattern).match(_composed(file_name))
            category = category_name((match and match["category"]) or "")
            if self.pattern == PATTERN:
                category = category_name(category.replace("-", " "))
            if not category:
                return "its name gives no category"
        if not category:
            return "not in the table" if record is None else "the table gives no category"
        try:
            return Label(category, words_of(record or {}), flags.of(file_name))
        except ValueError as error:
            raise SourceError(f"{self.table}: record {file_name!r}: {error}") from None

    def _read_table(self) -> dict[str, dict[str, Any]]:
        if self.table is None:
            return {}
        records = read_records(self.table, ("file",))
        elsewhere = self.category or self.pattern
        if records and not elsewhere and not any("category" in record for record in records.values()):
            columns = (
                ", ".join(dict.fromkeys(repr(name) for record in records.values() for name in record)) or "no other"
            )
            raise SourceError(
                f"{self.table}: column 'category': expected beside 'file', or else the source's setting category or "
                f"pattern; found {columns:.200}"
            )
        return {_composed(file_name): record for file_name, record in records.items()}


def _composed(file_name: str) -> str:
    return unicodedata.normalize("NFC", file_name)


def _compile(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise SourceError(f"cutouts: pattern {pattern!r} is no regular expression: {error}") from None
    if "category" not in compiled.groupindex:
        raise SourceError(f"cutouts: pattern {pattern!r} has no group (?P<category>…)")
    return compiled
