"""YAML files of settings; a key that is given twice is an error and not the last one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key_node.value!r} is given twice", key_node.start_mark
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """A YAML file's content. Raises ``ValueError`` saying why it cannot be read."""
    try:
        return yaml.load(path.read_text("utf-8"), _Loader)
    # PyYAML lets the errors of what it constructs through: a date that is none, a key that is a list
    except (OSError, yaml.YAMLError, ValueError, TypeError, RecursionError, KeyError) as error:
        why = error.strerror if isinstance(error, OSError) else f"not YAML: {error}"
        raise ValueError(f"cannot be read: {why}") from None
