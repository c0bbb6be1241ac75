"""Names of categories and keys of segments: how they are shown, and when two of them are one."""

from __future__ import annotations

import re
import unicodedata

# characters that steer a terminal, end a line or turn the direction of writing
_STEERING = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
_SPELT_OUT = re.compile(f"[{_STEERING}]")
_BLANKS = re.compile(rf"[\s_{_STEERING}]+")


def as_unicode(text: str) -> str:
    """A text that can be written: lone surrogates, as names of files and JSON may hold them, are spelt out."""
    return text.encode("utf-8", "backslashreplace").decode()


def as_key(text: str) -> str:
    """A segment's key as it is stored and shown: :func:`as_unicode`, with characters that would steer a terminal spelt
    out as well, ``\\x1b`` for an escape. It is what some file or archive calls it, and that may be anything."""
    return _SPELT_OUT.sub(lambda found: found[0].encode("unicode_escape").decode(), as_unicode(text))


def category_name(name: str) -> str:
    """A category's name as shown: Unicode composed, underscores and control characters as blanks, single blanks. Case
    is kept. Empty if nothing else is in it."""
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", as_unicode(name))).strip()


def fold(name: str) -> str:
    """What two spellings of one category have in common: :func:`category_name`, in one case."""
    return category_name(category_name(name).casefold())
