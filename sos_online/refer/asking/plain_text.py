"""Which texts of a language model may become part of a data set: one line of ordinary words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_ALLOWED = re.compile(r"[^\W_]+(?:[ ,'’\-/&.()%]+[^\W_]+)*[)%]?")
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")


def tidy(text: str) -> str:
    """As an expression is written: Unicode composed, without a full stop, not capitalised (``TV`` stays)."""
    text = unicodedata.normalize("NFC", text).strip(" ").removesuffix(".").rstrip(" ")
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def why_not_plain(text: str, most: int) -> str | None:
    """What is wrong with a text, None if nothing is: letters and digits with ordinary marks between them, on one line.

    Nothing in it can end a line, steer a terminal, or be markup, code or an address.
    """
    if not text:
        return "empty text"
    if len(text) > most:
        return "text too long"
    return None if _ALLOWED.fullmatch(text) else "characters"


def words_of(text: str) -> list[str]:
    """Its words in one case; a hyphen or an apostrophe inside a word belongs to it."""
    return _WORD.findall(text.casefold().replace("’", "'"))


def find_words(needle: Sequence[str], words: Sequence[str]) -> int:
    """Where a run of words begins among others, -1 if nowhere."""
    count = len(needle)
    starts = (at for at in range(len(words) - count + 1) if list(words[at : at + count]) == list(needle))
    return next(starts, -1) if count else -1
