"""Captions: phrases joined to one text, and where in it each phrase stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from sos_online.errors import SOSError, StreamError
from sos_online.ops.names import fold
from sos_online.types import Expression, Target

SEPARATOR = ". "
CLOSING = "."
CHARACTERS = 150, 255


@dataclass(frozen=True)
class Phrase:
    """A part of a caption, and which rows of the target it means.

    Attributes:
        text: of the phrase, exactly as it stands in the caption.
        span: ``[start, end)`` in the caption: indices of a Python string, that is code points, not bytes.
        rows: ascending, each once; none if nothing in the image is meant.
    """

    text: str
    span: tuple[int, int]
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Caption:
    """A text for an image, and the phrases in it; ``text[start:end] == phrase.text`` for the span of each of them.

    Raises:
        SOSError: a span holds another text than its phrase.
    """

    text: str
    phrases: tuple[Phrase, ...]

    def __post_init__(self) -> None:
        for number, phrase in enumerate(self.phrases):
            start, end = phrase.span
            if not 0 <= start < end <= len(self.text) or self.text[start:end] != phrase.text:
                found = self.text[max(start, 0) : max(end, 0)]
                raise SOSError(
                    f"phrase {number}: expected {phrase.text!r} at {start} … {end} of its caption, {found!r}"
                )


def caption_of(
    pairs: Iterable[tuple[str, Iterable[int]]], *, separator: str = SEPARATOR, closing: str = CLOSING
) -> Caption:
    """Phrases and the rows that they mean as one caption, in the order given; ``a. b.`` is ``a`` and ``b``.

    Args:
        pairs: text and rows of each phrase.
        separator: between two phrases.
        closing: behind the last one, unless there is none.
    """
    text = ""
    phrases: list[Phrase] = []
    for phrase, rows in pairs:
        text += separator if phrases else ""
        phrases.append(Phrase(phrase, (len(text), len(text) + len(phrase)), tuple(sorted(set(rows)))))
        text += phrase
    return Caption(text + closing if phrases else "", tuple(phrases))


def captions_of(
    phrases: Iterable[Expression | tuple[str, Iterable[int]]],
    *,
    separator: str = SEPARATOR,
    closing: str = CLOSING,
    characters: tuple[int, int] = CHARACTERS,
) -> list[Caption]:
    """Phrases, in their order, as captions of limited length.

    A caption is full when it has ``characters[0]`` characters, and takes no phrase that would make it longer than
    ``characters[1]``; the default is the published setting. A phrase is never cut: one that is longer is a caption of
    its own. No caption says a thing twice: a phrase with the text and the rows of an earlier one in it (in any case) is
    left out. No caption contradicts itself: a phrase with the text of an earlier one but other rows waits for the next.

    Args:
        phrases: expressions, or pairs of text and rows (none if nothing in the image is meant). Their text is not
            changed, whatever is in it.
        separator, closing: as :func:`caption_of` takes them. GroundingDINO wants its captions closed; GLIP does not.
        characters: ``(least, most)``, each with separators and closing.

    Returns:
        None for no phrases, else as many as are needed.

    Raises:
        SOSError: a phrase is blank or has a negative row, or the limits are in the wrong order.
    """
    least, most = characters
    if not 0 <= least <= most:
        raise SOSError(f"characters: expected (least, most), ascending, found {characters!r}")
    waiting = [_checked(number, phrase) for number, phrase in enumerate(phrases)]
    captions = []
    while waiting:
        taken, waiting = _take(waiting, len(separator), len(closing), least, most)
        captions.append(caption_of(taken, separator=separator, closing=closing))
    return captions


def expressions_of(target: Target) -> list[Expression]:
    """The expressions of a target, for formats that are made of them.

    Raises:
        StreamError: it has none (an empty list is one), or one of them means a row that is not in the target.
    """
    sample = f"sample {target['image_id']}" if "image_id" in target else "target"
    if "expressions" not in target:
        raise StreamError(
            f"{sample}: expected expressions, which this format is made of; found none: "
            "its recipe asks for no words, or it is of a set without"
        )
    rows = len(target["labels"])
    for expression in target["expressions"]:
        unknown = [row for row in expression["rows"] if not 0 <= row < rows]
        if unknown:
            raise StreamError(f"{sample}: {expression['text']!r}: expected rows in 0 … {rows - 1}, found {unknown[0]}")
    return cast("list[Expression]", target["expressions"])


_Pair = tuple[str, tuple[int, ...]]


def _checked(number: int, phrase: Expression | tuple[str, Iterable[int]]) -> _Pair:
    text, rows = (phrase["text"], phrase["rows"]) if isinstance(phrase, Mapping) else phrase
    if not text.strip():
        raise SOSError(f"phrase {number}: expected a text, found {text!r}")
    meant = tuple(sorted({int(row) for row in rows}))
    if meant and meant[0] < 0:
        raise SOSError(f"phrase {number}, {text!r}: expected rows from 0 on, found {meant[0]}")
    return text, meant


def _take(pairs: list[_Pair], between: int, behind: int, least: int, most: int) -> tuple[list[_Pair], list[_Pair]]:
    """The phrases of the next caption, one at least, and those that are left."""
    taken: dict[str, _Pair] = {}
    waiting: list[_Pair] = []
    length = behind - between
    for number, (text, rows) in enumerate(pairs):
        key = fold(text)
        if key in taken:
            if taken[key][1] != rows:
                waiting.append((text, rows))
            continue
        if taken and (length >= least or length + between + len(text) > most):
            return list(taken.values()), waiting + pairs[number:]
        taken[key] = text, rows
        length += between + len(text)
    return list(taken.values()), waiting
