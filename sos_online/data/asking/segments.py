"""Questions for words about the segments of a library."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

import cv2
import numpy as np

from sos_online.data.asking.answer_format import AnswersManifest, key_of
from sos_online.data.asking.questions import Question, Unasked
from sos_online.errors import BrokenSegmentError
from sos_online.library import SegmentLibrary
from sos_online.ops.alpha import premultiply
from sos_online.refer.asking.words_prompt import (
    PROMPT_VERSION,
    SegmentFacts,
    check_words,
    words_messages,
    words_schema,
)
from sos_online.types import Words
from sos_online.version import __version__

_SIDE = 256  # pixels of a picture, at least, if the segment has as many
_GREY = 127
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 90]
_BROKEN, _NOTHING_KNOWN = "broken segment", "nothing is known but the category, and no picture was sent"


def words_manifest(library: SegmentLibrary, model: str, images: bool) -> AnswersManifest:
    """What a folder of words says of itself."""
    return AnswersManifest(
        written_by=__version__,
        about="words",
        model=model,
        prompt_version=PROMPT_VERSION,
        library=library.manifest.fingerprint,
        settings={"images": images},
    )


def words_key(library: SegmentLibrary, segment: int, images: bool) -> str:
    """What a segment's words are filed under: with pictures where it came from, without what is known of it, which
    all segments of one description share. Raises ``BrokenSegmentError``."""
    if images:
        return key_of(library.source_names[library.source_of(segment)], library.key(segment))
    words = library.words(segment)
    return key_of(library.category_names[library.category_of(segment) - 1], words.sub_category, words.description)


def lacks_words(words: Words) -> bool:
    """Whether a segment is asked about: it has no phrase, or no features."""
    return not words.short_phrase or not words.features


def segment_questions(
    library: SegmentLibrary, count: int, *, images: bool = False, together: int = 8
) -> Callable[[Callable[[str], bool]], Iterator[Question | Unasked | None]]:
    """Questions about those of a library's first ``count`` segments that lack words, ``together`` in one request."""

    def questions(wanted: Callable[[str], bool]) -> Iterator[Question | Unasked | None]:
        waiting: list[tuple[str, SegmentFacts]] = []
        for segment in range(count):
            try:
                words = library.words(segment)
                if not lacks_words(words):
                    continue
                key = words_key(library, segment, images)
                if not wanted(key):
                    continue
                facts = _facts(library, segment, words, images)
            except BrokenSegmentError:
                yield Unasked(key_of("broken", str(segment)), _BROKEN)
                continue
            if not images and not (words.description or words.sub_category):
                yield Unasked(key, _NOTHING_KNOWN)
                continue
            waiting.append((key, facts))
            if len(waiting) == together:
                yield _question(waiting)
                waiting = []
        if waiting:
            yield _question(waiting)

    return questions


def picture_url(library: SegmentLibrary, segment: int) -> str:
    """A segment on grey, as a data URL of a JPEG. Raises ``BrokenSegmentError``."""
    sizes = library.level_sizes(segment)
    level = next((level for level, size in enumerate(sizes) if max(size) >= _SIDE), len(sizes) - 1)
    alpha = library.alpha(segment, level)
    colour = premultiply(library.colour(segment, level), alpha)
    on_grey = np.clip(np.rint(colour + _GREY * (1 - alpha[..., None] / 255.0)), 0, 255).astype(np.uint8)
    encoded = cv2.imencode(".jpg", cv2.cvtColor(on_grey, cv2.COLOR_RGB2BGR), _JPEG)[1].tobytes()
    return f"data:image/jpeg;base64,{base64.b64encode(encoded).decode()}"


def _facts(library: SegmentLibrary, segment: int, words: Words, images: bool) -> SegmentFacts:
    return SegmentFacts(
        category=library.category_names[library.category_of(segment) - 1],
        sub_category=words.sub_category,
        description=words.description,
        picture=picture_url(library, segment) if images else "",
    )


def _question(waiting: list[tuple[str, SegmentFacts]]) -> Question:
    segments = [facts for _, facts in waiting]
    return Question(
        keys=[key for key, _ in waiting],
        messages=words_messages(segments),
        schema=words_schema(len(segments)),
        check=lambda text: check_words(text, segments),
    )
