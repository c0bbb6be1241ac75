"""What is asked in one request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sos_online.refer.asking.checked import Checked


@dataclass(frozen=True)
class Question:
    """One request, about one or several things.

    Attributes:
        keys: of the things, see ``key_of``.
        messages: of a chat.
        schema: of the answer.
        check: from the text of the answer to what is left of it for each key; None where it says nothing of it. Raises
            ``AnswerError``.
        beside: what is stored beside each key's answer.
    """

    keys: Sequence[str]
    messages: list[dict[str, Any]]
    schema: dict[str, Any]
    check: Callable[[str], Sequence[Checked | None]]
    beside: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Unasked:
    """Something about which nothing is asked.

    Attributes:
        key: of it.
        why: it cannot be asked about; None if there is nothing to be said of it.
    """

    key: str
    why: str | None
