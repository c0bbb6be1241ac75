"""Vocabularies out of files: a table of synonyms, and the ids of an earlier library or list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sos_online.errors import LibraryError, SourceError
from sos_online.library.format import MANIFEST, Manifest
from sos_online.library.sources.reading.lines import read_lines
from sos_online.library.strict_yaml import read_yaml
from sos_online.library.tables import open_vocabulary
from sos_online.library.vocabulary import Vocabulary


def read_vocabulary(synonyms: Path | None = None, ids_from: Path | None = None) -> Vocabulary:
    """A vocabulary of what is given.

    Args:
        synonyms: YAML or JSON, ``{name: [other names or synsets]}``: they are all one category, shown as ``name``.
        ids_from: a library, whose ids and joined names are kept, or a text file of names, one a line, the first of
            which has id 1.

    Raises:
        LibraryError: naming the file that cannot be read or contradicts itself or the other.
    """
    settled = Vocabulary() if ids_from is None else _ids(Path(ids_from))
    if synonyms is None:
        return settled
    try:
        return settled.extended(Vocabulary.of(_read_synonyms(Path(synonyms))))
    except LibraryError as error:
        raise LibraryError(f"{synonyms}: {error}") from None


def _ids(path: Path) -> Vocabulary:
    if path.is_dir():
        return open_vocabulary(path, Manifest.read(path))[0]
    if path.name == MANIFEST:
        raise LibraryError(f"{path}: name the library's folder")
    try:
        return Vocabulary(tuple(line.strip() for line in read_lines(path) if line.strip()))
    except SourceError as error:
        raise LibraryError(str(error)) from None
    except LibraryError as error:
        raise LibraryError(f"{path}: {error}") from None


def _read_synonyms(path: Path) -> dict[str, list[str]]:
    try:
        content: Any = read_yaml(path)
    except ValueError as error:
        raise LibraryError(str(error)) from None
    if not isinstance(content, dict):
        raise LibraryError("expected names with lists of other names, such as {cup: [mug, cup.n.01]}")
    for name, others in content.items():
        if not isinstance(name, str) or not name.strip():
            raise LibraryError(f"expected a name, found {name!r}")
        if not isinstance(others, list) or not all(isinstance(other, str) and other.strip() for other in others):
            raise LibraryError(f"{name}: expected a list of names, found {others!r}")
    return content
