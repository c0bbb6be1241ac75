"""Questions for referring expressions about the scenes of a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from sos_online.compose import VisibilityRule, compose
from sos_online.data.asking.answer_format import AnswersManifest
from sos_online.data.asking.questions import Question, Unasked
from sos_online.data.asking.scene_key import geometry_of, scene_key
from sos_online.data.dataset import SOSDataset
from sos_online.data.expressions import FactFinder
from sos_online.errors import BrokenSegmentError
from sos_online.library import SegmentLibrary
from sos_online.refer.asking.decided_claims import DecidedClaims
from sos_online.refer.asking.expression_prompt import PROMPT_VERSION, expression_messages, expression_schema
from sos_online.refer.asking.judge import check_expressions
from sos_online.refer.asking.shown_objects import shown_objects
from sos_online.targets import TargetOptions, build_target
from sos_online.types import Scene, Target
from sos_online.version import __version__

_BROKEN = "broken segment"


def expressions_manifest(dataset: SOSDataset, model: str) -> AnswersManifest:
    """What a folder of a stream's expressions says of itself."""
    return AnswersManifest(
        written_by=__version__,
        about="expressions",
        model=model,
        prompt_version=PROMPT_VERSION,
        library=dataset.library.manifest.fingerprint,
    )


def scene_questions(
    dataset: SOSDataset, samples: int, first: int = 0
) -> Callable[[Callable[[str], bool]], Iterator[Question | Unasked | None]]:
    """Questions about a stream's samples ``first`` … ``first + samples - 1``, counted on into the next epochs."""

    def questions(wanted: Callable[[str], bool]) -> Iterator[Question | Unasked | None]:
        finder = FactFinder(dataset.library, None, _raise)
        for number in range(first, first + samples):
            epoch, index = divmod(number, dataset.length)
            scene = dataset.scene(index, epoch)
            key = scene_key(scene, dataset.recipe.visibility)
            yield _question(scene, key, dataset, finder) if wanted(key) else None

    return questions


def _question(scene: Scene, key: str, dataset: SOSDataset, finder: FactFinder) -> Question | Unasked:
    library = dataset.library
    try:
        target, facts = look_at(scene, library, dataset.recipe.visibility, finder)
        objects = shown_objects(target, library.category_names, library.words)
    except BrokenSegmentError:
        return Unasked(key, _BROKEN)
    if not objects:
        return Unasked(key, None)
    return Question(
        keys=[key],
        messages=expression_messages(objects),
        schema=expression_schema(len(objects)),
        check=lambda text: [check_expressions(text, objects, facts, finder.names)],
        beside=geometry_of(target),
    )


def look_at(
    scene: Scene, library: SegmentLibrary, rule: VisibilityRule, finder: FactFinder
) -> tuple[Target, DecidedClaims]:
    """A scene's target, and what is true of its rows. Raises ``BrokenSegmentError``."""
    composite = compose(scene, library, np.zeros((*scene.size_hw, 3), np.uint8), rule)
    target = build_target(composite, TargetOptions(), 0)
    return target, DecidedClaims(finder.facts(target, composite))


def _raise(error: BrokenSegmentError) -> None:
    raise error
