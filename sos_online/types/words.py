"""Words about a segment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """What is known about a segment in words; empty where the source says nothing."""

    sub_category: str = ""
    description: str = ""
    short_phrase: str = ""
    features: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.sub_category or self.description or self.short_phrase or self.features)
