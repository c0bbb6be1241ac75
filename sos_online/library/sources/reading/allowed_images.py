"""Which cut-outs come from a list of images, by their file names."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

from sos_online.errors import SourceError
from sos_online.library.sources.base import IMAGE_SUFFIXES


@dataclass(frozen=True, slots=True)
class AllowedImages:
    """Images that cut-outs may come from.

    A cut-out's file name begins with the name of its image, up to its end or to a character that is neither a letter
    nor a digit: ``12_person_1.png`` and ``12.png`` come from the image ``12``, ``123.png`` and ``012.png`` do not.
    So where images are named ``12`` and ``12_b``, cut-outs of the second are taken for those of the first too.

    Attributes:
        stems: names of the images without their suffix.
    """

    stems: frozenset[str]

    @staticmethod
    def of(names: Collection[str]) -> AllowedImages:
        """Of names with or without a suffix and a folder. Raises ``SourceError`` for one text instead of several."""
        if isinstance(names, (str, bytes, os.PathLike)):
            raise SourceError(f"only_images: expected a collection of image names, found one: {names!r}")
        return AllowedImages(frozenset(map(_stem, names)))

    def allows(self, file_name: str) -> bool:
        name = unicodedata.normalize("NFC", file_name)
        ends = (end for end, letter in enumerate(name) if not letter.isalnum())
        return any(name[:end] in self.stems for end in (*ends, len(name)) if end)


def _stem(name: str) -> str:
    file = PurePosixPath(unicodedata.normalize("NFC", name))
    return file.stem if file.suffix.lower() in IMAGE_SUFFIXES else file.name
