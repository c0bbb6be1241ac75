"""Text files of names, one a line."""

from __future__ import annotations

from pathlib import Path

from sos_online.errors import SourceError


def read_lines(path: Path) -> list[str]:
    """All lines without the blanks around them, less empty ones at the end. Raises ``SourceError`` naming the file."""
    try:
        return [line.strip() for line in path.read_text("utf-8-sig").rstrip().split("\n")]
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: cannot be read as lines of text: {error}") from None
