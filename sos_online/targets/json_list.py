"""Entries of JSON in a text file as they come: a list, or one a line."""

from __future__ import annotations

import json
from typing import Any, TextIO


class JsonList:
    """Writes ``[entry, entry, …]``; the document is complete only after :meth:`close`, the file stays open."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._between = "[\n"

    def add_entries(self, *entries: Any) -> None:
        """Add entries at the end."""
        for entry in entries:
            self._file.write(self._between + json.dumps(entry))
            self._between = ",\n"

    def close(self) -> None:
        """End the document."""
        self._file.write(("[" if self._between.startswith("[") else "\n") + "]\n")


class JsonLines:
    """Writes an entry a line."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def add_entries(self, *entries: Any) -> None:
        """Add lines at the end."""
        for entry in entries:
            self._file.write(json.dumps(entry) + "\n")

    def close(self) -> None:
        """Nothing is left to be written; the file stays open."""
