"""Words as files have them, in fields of a record that may hold anything."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sos_online.ops.names import as_unicode
from sos_online.types import Words

_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""", re.DOTALL)


def words_of(record: Mapping[str, Any], sub_category: str | None = None) -> Words:
    """The words in a record's fields ``sub_category`` (unless it is given), ``description``, ``short_phrase`` and
    ``features``; a field that is not there or null says nothing.

    Raises:
        ValueError: naming the field that is no text, or the ``features`` that are neither a list of texts nor a text.
    """
    return Words(
        sub_category=text_of(record, "sub_category") if sub_category is None else sub_category,
        description=text_of(record, "description"),
        short_phrase=text_of(record, "short_phrase"),
        features=features_of(record.get("features")),
    )


def text_of(record: Mapping[str, Any], name: str) -> str:
    """A field as text; a number is one too. Raises ``ValueError`` naming a field that is none."""
    value = record.get(name)
    if not _is_text(value):
        raise ValueError(f"{name}: expected a text, found {value!r:.80}")
    return _text(value)


def features_of(value: object) -> tuple[str, ...]:
    """A list of texts, which published files also write as one text: ``red, round`` or ``["red", "round"]`` or
    ``['red', 'round']``. Raises ``ValueError``."""
    listed = _listed(value) if isinstance(value, str) else [] if value is None else value
    if not isinstance(listed, (list, tuple)) or not all(map(_is_text, listed)):
        raise ValueError(f"features: expected a list of texts or one text, found {value!r:.80}")
    return tuple(text for text in map(_text, listed) if text)


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, (str, int, float))


def _text(value: object) -> str:
    return "" if value is None else as_unicode(str(value)).strip()


def _listed(text: str) -> list[Any]:
    text = text.strip()
    if not (text.startswith("[") and text.endswith("]")):
        return text.split(",")
    try:
        listed = json.loads(text)
        if isinstance(listed, list):
            return listed
    except (ValueError, RecursionError):
        pass
    quoted = [re.sub(r"\\(.)", r"\1", single or double) for single, double in _QUOTED.findall(text)]
    return quoted or text[1:-1].split(",")
