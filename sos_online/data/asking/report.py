"""What became of all that was asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class AskingReport:
    """Counts of what was asked about: scenes, kinds of segments, texts.

    Attributes:
        answered: with something that passed the checks.
        empty: answered, and nothing passed; or there is nothing to be said.
        failed: no answer, by reason.
        there: answered by an earlier run, or along with another that shares its answer.
        failed_before: failed in an earlier run, and not asked again (``retry_failed``).
        kept: entries that passed, in all.
        unproven: of these, such of which not everything could be decided.
        dropped: entries that did not pass, by reason.
    """

    answered: int = 0
    empty: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    there: int = 0
    failed_before: int = 0
    kept: int = 0
    unproven: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    @property
    def done(self) -> int:
        """All that was looked at."""
        return self.answered + self.empty + self.failed.total() + self.there + self.failed_before

    def to_json(self) -> dict[str, Any]:
        """As plain data. (``dataclasses.asdict`` takes counters apart.)"""
        return {name: dict(value) if isinstance(value, Counter) else value for name, value in vars(self).items()}
