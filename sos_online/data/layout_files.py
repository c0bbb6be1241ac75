"""The files that the layouts of a recipe are drawn from."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sos_online.data.box_tables import read_box_table
from sos_online.data.learned_files import read_learned_layout
from sos_online.errors import RecipeError, SourceError
from sos_online.plan.layout import AnyLayout, FileKey, FromTable, layouts_of_files
from sos_online.types import LayoutData


def read_layout_files(layout: AnyLayout) -> dict[FileKey, LayoutData]:
    """What is in the files that ``layout`` of a recipe names, each read once, in the recipe's order.

    Raises:
        RecipeError: a path has an environment variable that is not set.
        SourceError: a file that is not there or not as expected.
    """
    files: dict[FileKey, LayoutData] = {}
    for one in layouts_of_files(layout):
        key = one.kind, one.path
        if key not in files:
            path = expand(one.path, f"layout {one.kind}: path")
            files[key] = read_box_table(path) if isinstance(one, FromTable) else read_learned_layout(path)
    return files


def expand(path: str, where: str) -> Path:
    """A path with its environment variables replaced: ``${NAME}``, or ``${NAME:-PATH}``, where ``PATH`` stands for a
    variable that is not set. ``where`` begins messages.

    Raises:
        RecipeError: a variable is not set, and nothing stands for it.
        SourceError: nothing is there.
    """

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1]) or match[2]
        if not found:
            raise RecipeError(f"{where}: {path}: the environment variable {match[1]} is not set")
        return found

    expanded = Path(re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", value, path))
    if not expanded.is_file():
        raise SourceError(f"{where}: {expanded}: expected a file, and there is none (working directory {Path.cwd()})")
    return expanded
