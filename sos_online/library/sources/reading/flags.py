"""Flags of quality that a file states of segments, by their keys."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sos_online.errors import SourceError
from sos_online.library.sources.reading.records import read_records
from sos_online.library.sources.reading.rgba_files import RGBA_SUFFIXES
from sos_online.types import FLAGS, Flag

_VALUES = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class FlagTable:
    """Flags of segments, and which of them were asked for.

    Args:
        path: JSON, ``{key: {"IsInstance": true, …}}``, or a list of records (JSON or CSV) with the key in the field
            ``key`` or ``path``. A key is that of the library, ``CATEGORY/SUB_CATEGORY/ID.png``, with its suffix or
            without, if it is a picture's. Flags are true, false, 1, 0, "yes" or "no"; what is null or absent is not
            known. None for no flags.

    Raises:
        SourceError: naming the file and the record with a flag or a value that is unknown.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._waiting: dict[str, dict[Flag, bool]] = {}
        self._given: dict[str, dict[Flag, bool]] = {}
        shared: dict[tuple[tuple[Flag, bool], ...], dict[Flag, bool]] = {}  # millions of records, 27 kinds of them
        for key, record in ({} if path is None else read_records(path, ("key", "path"))).items():
            try:
                flags = flags_of(record)
                unknown = record.keys() - set(FLAGS)
                if unknown:
                    raise ValueError(f"unknown flag {sorted(unknown)[0]!r}; expected {', '.join(FLAGS)}")
            except ValueError as error:
                raise SourceError(f"{path}: record {key!r}: {error}") from None
            self._waiting[_composed(key)] = shared.setdefault(tuple(flags.items()), flags)

    def of(self, key: str) -> Mapping[Flag, bool]:
        """What is said of the segment with this key; empty if nothing is."""
        composed = _composed(key)
        for known in (composed, _without_suffix(composed)):
            if known in self._waiting:
                self._given[known] = self._waiting.pop(known)
            if known in self._given:
                return self._given[known]
        return {}

    def check_used(self) -> None:
        """To be called when all segments were asked for: warns of flags that are of none of them.

        Raises:
            SourceError: not one flag is of any.
        """
        if not self._waiting:
            return
        number, example = len(self._waiting), min(self._waiting)
        if not self._given:
            raise SourceError(f"{self._path}: not one of {number:,} keys is that of a segment, such as {example!r}")
        total = number + len(self._given)
        message = f"{self._path}: {number:,} of {total:,} keys are of no segment, such as {example!r}"
        warnings.warn(message, RuntimeWarning, stacklevel=2)


def flags_of(record: Mapping[str, Any]) -> dict[Flag, bool]:
    """The flags among a record's fields. Raises ``ValueError`` naming one that is neither true nor false."""
    flags: dict[Flag, bool] = {}
    for flag in FLAGS:
        value = record.get(flag)
        if value is None or value == "":
            continue
        known = _VALUES.get(str(value).strip().lower()) if isinstance(value, (bool, int, str)) else None
        if known is None:
            raise ValueError(f"flag {flag}: expected true, false, 1, 0, yes or no, found {value!r:.80}")
        flags[flag] = known
    return flags


def _without_suffix(key: str) -> str:
    """A key without a picture's suffix: other dots are part of a name, ``part.parquet#0`` is no "part"."""
    stem, _, suffix = key.rpartition(".")
    return stem if f".{suffix.lower()}" in RGBA_SUFFIXES else key


def _composed(key: str) -> str:
    return unicodedata.normalize("NFC", key)
