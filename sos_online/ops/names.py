"""Names of categories: how they are shown, and when two of them are one."""

from __future__ import annotations

import re
import unicodedata

# blanks, and characters that steer a terminal or turn the direction of writing
_BLANKS = re.compile(r"[\s_\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")


def as_unicode(text: str) -> str:
    """A text that can be written: lone surrogates, as names of files and JSON may hold them, are spelt out."""
    return text.encode("utf-8", "backslashreplace").decode()


def category_name(name: str) -> str:
    """A category's name as shown: Unicode composed, underscores and control characters as blanks, single blanks. Case
    is kept. Empty if nothing else is in it."""
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", as_unicode(name))).strip()


def fold(name: str) -> str:
    """What two spellings of one category have in common: :func:`category_name`, in one case."""
    return category_name(category_name(name).casefold())
