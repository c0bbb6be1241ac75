"""Referring expressions that a language model wrote ahead of time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sos_online.compose import VisibilityRule
from sos_online.data.asking.answers import Answers
from sos_online.data.asking.scene_key import has_places_of, has_rows_of, scene_key
from sos_online.library import SegmentLibrary
from sos_online.types import EXPRESSION_KINDS, Expression, Scene, Target

_WITHIN = 2  # pixels: what another version of OpenCV may round a box by


class AnsweredExpressions:
    """Expressions by scene, out of a folder that ``sos-online refer`` wrote.

    Args:
        folder: of the answers.
        library: that the scenes are made of.
        rule: what counts as visible in the stream (``recipe.visibility``).
        proven_only: leave out those of which not everything could be decided.

    Raises:
        SOSError: it is no such folder, or its scenes are of another library.
    """

    def __init__(
        self,
        folder: str | Path,
        library: SegmentLibrary,
        rule: VisibilityRule | None = None,
        *,
        proven_only: bool = True,
    ) -> None:
        self._answers = Answers(folder, "expressions", library.manifest.fingerprint)
        self._rule = VisibilityRule() if rule is None else rule
        self._proven_only = proven_only

    def __len__(self) -> int:
        """Scenes that have expressions."""
        return len(self._answers)

    @property
    def model(self) -> str:
        return self._answers.manifest.model

    def fingerprint(self) -> str:
        """What a stream that serves these depends on: it changes with every answer."""
        which = "proven" if self._proven_only else "all"
        return f"{self._answers.fingerprint()}:{which}:{self._rule.model_dump_json()}"

    def for_scene(self, scene: Scene, target: Target) -> list[Expression] | None:
        """Expressions about a scene, as rows of its target; None if it was not asked about or got no answer.

        Args:
            scene: the plan. The same objects on another background or in another light are the same scene.
            target: made of it. Where a transform has moved its rows without dropping any, only what does not speak of
                places is given; where rows are others than those that were asked about, None.
        """
        line = self._answers.read(scene_key(scene, self._rule))
        if line is None or not has_rows_of(target, line.beside):
            return None
        in_place = has_places_of(target, line.beside, _WITHIN)
        found: list[Expression] = []
        for entry in line.kept:
            expression = _read(entry, len(target["labels"]))
            is_true = expression is not None and (in_place or expression["kind"] == "attribute")
            if expression is not None and is_true and (entry.get("proven") is True or not self._proven_only):
                found.append(expression)
        return found


def _read(entry: dict[str, Any], count: int) -> Expression | None:
    """A stored expression; None if it is not one about ``count`` rows: files are not trusted."""
    text, rows, kind = entry.get("text"), entry.get("rows"), entry.get("kind")
    if not isinstance(text, str) or not isinstance(rows, list) or kind not in EXPRESSION_KINDS:
        return None
    if not rows or not all(type(row) is int and 0 <= row < count for row in rows) or rows != sorted(set(rows)):
        return None
    return Expression(text=text, rows=rows, kind=kind)
