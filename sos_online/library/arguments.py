"""What is handed to a build in Python: a wrong type is refused by its argument's name, before anything is done."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from sos_online.errors import LibraryError
from sos_online.library.encode import Encoding
from sos_online.library.sources import Source
from sos_online.library.vocabulary import Vocabulary


def check_sources(sources: Sequence[Source]) -> None:
    """Raises ``LibraryError`` unless it is several sources; a folder's path alone does not say how it is laid out."""
    example = "a list of sources, such as [CategoryFolders('my_folder')]"
    for position, source in enumerate(_several("sources", sources, example)):
        if not isinstance(source, Source):
            raise LibraryError(
                f"sources[{position}]: expected a source, such as CategoryFolders('my_folder'), found {source!r:.80}"
            )


def check_paths(name: str, paths: Sequence[str | Path]) -> None:
    """Raises ``LibraryError`` unless it is several paths."""
    for position, path in enumerate(_several(name, paths, "a list of folders")):
        if not isinstance(path, (str, os.PathLike)):
            raise LibraryError(f"{name}[{position}]: expected a folder's path, found {path!r:.80}")


def check_settings(workers: int = 0, encoding: Encoding | None = None, vocabulary: Vocabulary | None = None) -> None:
    """Raises ``LibraryError`` naming the argument that is of another type, or workers below 0."""
    if type(workers) is not int or workers < 0:
        raise LibraryError(f"workers: expected a whole number, 0 or more, found {workers!r:.80}")
    if not isinstance(encoding, (Encoding, type(None))):
        raise LibraryError(f"encoding: expected an Encoding, such as Encoding(max_side=512), found {encoding!r:.80}")
    if not isinstance(vocabulary, (Vocabulary, type(None))):
        raise LibraryError(
            f"vocabulary: expected a Vocabulary, such as Vocabulary.of({{'cup': ['mug']}}), found {vocabulary!r:.80}"
        )


def _several(name: str, values: object, expected: str) -> Iterable[object]:
    # a text is a sequence too, of letters
    if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
        raise LibraryError(f"{name}: expected {expected}, found {values!r:.80}")
    return values
