"""Rewordings that a language model wrote ahead of time."""

from __future__ import annotations

from pathlib import Path

from sos_online.data.asking.answers import Answers
from sos_online.data.asking.paraphrases import text_key


class AnsweredParaphrases:
    """Rewordings by text, out of a folder that ``sos-online refer paraphrase`` wrote.

    Args:
        folder: of the answers.

    Raises:
        SOSError: it is no such folder.
    """

    def __init__(self, folder: str | Path) -> None:
        self._answers = Answers(folder, "paraphrases")

    def __len__(self) -> int:
        """Texts that have rewordings."""
        return len(self._answers)

    def of(self, text: str) -> list[str]:
        """Other words for a text; none if there are none."""
        line = self._answers.read(text_key(text))
        found = [] if line is None else [entry.get("text") for entry in line.kept]
        return [reworded for reworded in found if isinstance(reworded, str)]
