"""The text of an answer as plain data; nothing is guessed at."""

from __future__ import annotations

import json
import re
from typing import Any

from sos_online.refer.asking.checked import AnswerError

MAX_ANSWER = 1 << 18
"""Characters of an answer, thinking aloud included; one is a few thousand."""
# models that think aloud, and those that wrap JSON as if it were to be read by people
_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>", re.S)
_FENCE = re.compile(r"\A```(?:json)?\s*\n(.*)\n```\Z", re.S)


def read_answer(text: str, key: str) -> list[Any]:
    """The list under ``key`` of an answer ``{key: [...]}``.

    Raises:
        AnswerError: it is too long, is no JSON (duplicate keys, numbers that are none and nesting without end
            included), or is something else.
    """
    if len(text) > MAX_ANSWER:
        raise AnswerError("answer too long")
    text = _THOUGHTS.sub("", text, count=1).strip()
    fenced = _FENCE.match(text)
    try:
        document = json.loads(
            fenced[1] if fenced else text, object_pairs_hook=_all_different, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        raise AnswerError("answer is not JSON") from None
    if not isinstance(document, dict) or document.keys() != {key} or not isinstance(document[key], list):
        raise AnswerError("answer is of another form")
    found: list[Any] = document[key]
    return found


def _all_different(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")
