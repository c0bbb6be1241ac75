"""JSON schemas within what strict structured output knows."""

from __future__ import annotations

from typing import Any


def strict_object(**properties: Any) -> dict[str, Any]:
    """Schema of an object that has these keys, all of them and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def strict_list(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}
