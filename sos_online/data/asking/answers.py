"""A folder of answers, open for reading."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from sos_online.data.asking.answer_format import MANIFEST, About, AnswerLine, AnswersManifest
from sos_online.data.asking.answer_index import AnswerIndex
from sos_online.errors import SOSError


class Answers:
    """Answers by key. Opening reads the file once and keeps 21 bytes for each key, in arrays that forked workers share;
    a line is read when it is asked for. In another process it is opened anew.

    Args:
        folder: of answers; it may still be written to: what comes later is not seen.
        about: what they must be about.
        library: fingerprint of the library they must be about, if they are about one.

    Attributes:
        manifest: what the folder says of itself.
        damaged: lines that were met and could not be read; each counts as no answer.

    Raises:
        SOSError: it is no such folder, or of another library.
    """

    def __init__(self, folder: str | Path, about: About, library: str | None = None) -> None:
        self.folder = Path(folder).absolute()
        path = self.folder / MANIFEST
        try:
            content = path.read_bytes()
        except OSError as error:
            raise SOSError(f"{path}: expected a folder of {about} by a language model: {error.strerror}") from None
        self.manifest = AnswersManifest.parse(content, str(path))
        if self.manifest.about != about:
            raise SOSError(f"{path}: about: expected {about}, found {self.manifest.about}")
        if library is not None and self.manifest.library != library:
            raise SOSError(f"{path}: library: expected {library}, as opened, found {self.manifest.library}")
        self.index = AnswerIndex(self.folder)
        self.damaged = 0
        self._given = folder, about, library

    def __reduce__(self) -> tuple[Any, ...]:
        return Answers, self._given

    def __len__(self) -> int:
        """Things that have an answer of which something passed the checks."""
        return self.index.count("answered")

    def fingerprint(self) -> str:
        """Of all answers: it changes with every one."""
        return f"{self.index.end}:{self.index.crc32:08x}"

    def read(self, key: str) -> AnswerLine | None:
        """What was answered about a key; None if nothing was, or its line is damaged, which warns once."""
        try:
            line = self.index.read(key)
        except SOSError as error:
            if not self.damaged:
                warnings.warn(f"{error}; counts as no answer, like others that may follow", RuntimeWarning, 2)
            self.damaged += 1
            return None
        return None if line is None or line.state == "failed" else line
