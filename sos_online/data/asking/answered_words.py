"""Words about segments that a language model wrote ahead of time."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from sos_online.data.asking.answers import Answers
from sos_online.data.asking.segments import lacks_words, words_key
from sos_online.library import SegmentLibrary
from sos_online.types import Words

_RECENT = 4096


class AnsweredWords:
    """A library's words, and where it has none those out of a folder that ``sos-online refer attributes`` wrote.

    Args:
        folder: of the answers.
        library: that they are about.

    Raises:
        SOSError: it is no such folder, or about another library.
    """

    def __init__(self, folder: str | Path, library: SegmentLibrary) -> None:
        self._answers = Answers(folder, "words", library.manifest.fingerprint)
        self._library = library
        self._images = self._answers.manifest.settings.get("images") is True
        self._read = lru_cache(maxsize=_RECENT)(self._answers.read)

    def __len__(self) -> int:
        """Answers; without pictures one may be about many segments."""
        return len(self._answers)

    def __reduce__(self) -> tuple[type[AnsweredWords], tuple[Path, SegmentLibrary]]:
        return AnsweredWords, (self._answers.folder, self._library)

    def fingerprint(self) -> str:
        """What a stream that uses these depends on: it changes with every answer."""
        return self._answers.fingerprint()

    def words(self, segment: int) -> Words:
        """As ``SegmentLibrary.words``; what the library says of a segment itself always stays."""
        words = self._library.words(segment)
        if not lacks_words(words):
            return words
        line = self._read(words_key(self._library, segment, self._images))
        if line is None or not line.kept:
            return words
        phrase, features = line.kept[0].get("short_phrase"), line.kept[0].get("features")
        if isinstance(phrase, str) and not words.short_phrase:
            words = replace(words, short_phrase=phrase)
        if isinstance(features, list) and all(isinstance(text, str) for text in features) and not words.features:
            words = replace(words, features=tuple(features))
        return words
