"""What is left of an answer once it has been checked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sos_online.errors import SOSError


class AnswerError(SOSError):
    """An answer of which nothing can be used; the message is the reason, short enough to be counted by."""


@dataclass
class Checked:
    """What an answer says of one thing that was asked about.

    Attributes:
        kept: what passed, as JSON holds it.
        dropped: how many did not, by reason.
    """

    kept: list[dict[str, Any]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
