"""A JSON document with a list of images and one of annotations, written as they come, in constant memory."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

_IN_MEMORY = 1 << 16


class TwoLists:
    """Writes ``{…, "annotations": […], "images": […]}``.

    Annotations go to the file at once. Images, which come between them, wait in a temporary file without a name, of
    which the first 64 Ki characters are kept in memory.

    Args:
        file: text file to write to; complete only after :meth:`close`.
        head: keys before the lists.
    """

    def __init__(self, file: TextIO, head: Mapping[str, Any]) -> None:
        self._file = file
        self._images = tempfile.SpooledTemporaryFile(_IN_MEMORY, mode="w+", encoding="utf-8")  # noqa: SIM115
        self._of_images = self._of_annotations = "\n"
        fields = "".join(f"{json.dumps(key)}: {json.dumps(value)}, " for key, value in head.items())
        file.write("{" + fields + '"annotations": [')

    def add(self, image: Mapping[str, Any], annotations: Iterable[Mapping[str, Any]]) -> None:
        """Add an image's entry and those of its annotations."""
        self._images.write(self._of_images + json.dumps(image))
        self._of_images = ",\n"
        for annotation in annotations:
            self._file.write(self._of_annotations + json.dumps(annotation))
            self._of_annotations = ",\n"

    def close(self, tail: Mapping[str, Any] | None = None) -> None:
        """Write the images, then the keys of ``tail``, and end the document; the file itself stays open."""
        self._file.write('\n], "images": [')
        with self._images as images:
            images.seek(0)
            shutil.copyfileobj(images, self._file)
        self._file.write("\n]")
        for key, value in (tail or {}).items():
            self._file.write(f", {json.dumps(key)}: {json.dumps(value)}")
        self._file.write("}\n")
