"""Questions for rewordings of texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from sos_online.data.asking.answer_format import AnswersManifest, key_of
from sos_online.data.asking.questions import Question, Unasked
from sos_online.errors import SOSError
from sos_online.refer.asking.paraphrase import (
    MAX_TEXT,
    PROMPT_VERSION,
    check_paraphrases,
    paraphrase_messages,
    paraphrase_schema,
)
from sos_online.refer.asking.plain_text import why_not_plain
from sos_online.version import __version__

_MAX_FILE = 1 << 28


def paraphrases_manifest(model: str, count: int) -> AnswersManifest:
    """What a folder of rewordings says of itself."""
    return AnswersManifest(
        written_by=__version__,
        about="paraphrases",
        model=model,
        prompt_version=PROMPT_VERSION,
        settings={"count": count},
    )


def text_key(text: str) -> str:
    """What a text's rewordings are filed under."""
    return key_of(text)


def read_texts(path: Path) -> list[str]:
    """The lines of a text file, each once, without empty ones.

    Raises:
        SOSError: it cannot be read, is no text, or a line of it is none that can be reworded.
    """
    try:
        if path.stat().st_size > _MAX_FILE:
            raise SOSError(f"{path}: expected at most {_MAX_FILE >> 20} MB, found {path.stat().st_size >> 20}")
        lines = path.read_text("utf-8").split("\n")
    except OSError as error:
        raise SOSError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise SOSError(f"{path}: expected text in UTF-8: {error.reason} at byte {error.start}") from None
    texts: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        why = why_not_plain(text, MAX_TEXT) if text else None
        if why is not None:
            raise SOSError(f"{path}: line {number}: expected a phrase of plain words, found {text!r:.80} ({why})")
        if text:
            texts[text] = None
    return list(texts)


def text_questions(
    texts: list[str], count: int, together: int = 16
) -> Callable[[Callable[[str], bool]], Iterator[Question | Unasked | None]]:
    """Questions for up to ``count`` rewordings of each text, ``together`` texts in one request."""

    def questions(wanted: Callable[[str], bool]) -> Iterator[Question | Unasked | None]:
        waiting: list[str] = []
        for text in texts:
            if wanted(text_key(text)):
                waiting.append(text)
            if len(waiting) == together:
                yield _question(waiting, count)
                waiting = []
        if waiting:
            yield _question(waiting, count)

    return questions


def _question(texts: list[str], count: int) -> Question:
    return Question(
        keys=[text_key(text) for text in texts],
        messages=paraphrase_messages(texts, count),
        schema=paraphrase_schema(len(texts)),
        check=lambda text: check_paraphrases(text, texts, count),
    )
