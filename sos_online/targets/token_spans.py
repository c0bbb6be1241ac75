"""Which tokens of a caption belong to which phrase, as grounding models are taught it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from sos_online.errors import SOSError
from sos_online.targets.captions import Caption

Offsets = Sequence[Sequence[int]] | Tensor


def token_spans(caption: Caption, offsets: Offsets, max_tokens: int | None = None) -> list[range | None]:
    """The tokens of each phrase: those that hold at least one of its characters.

    Offsets are where each token stands in ``caption.text``, and fast tokenizers keep them through all that they do to a
    text (lower case, stripped accents, bytes). So nothing is searched for in a text, and nothing is guessed.

    Args:
        caption: whose ``text`` was given to the tokenizer.
        offsets: ``[T, 2]``, ``(start, end)`` of each token; special tokens and padding have an empty span. It is what
            ``tokenizer(caption.text, return_offsets_mapping=True)["offset_mapping"]`` of transformers is, or
            ``tokenizer.encode(caption.text).offsets`` of tokenizers. Leave truncation off, and give ``max_tokens``: a
            tokenizer's own cut may fall between the tokens of one letter, which offsets do not tell.
        max_tokens: how many tokens the model takes; all if None.

    Returns:
        The positions of the tokens for each phrase. None for a phrase that is not whole in the first ``max_tokens``
        tokens (or in the offsets, if the tokenizer has cut them), and for one without a token: its characters were
        dropped by the tokenizer.

    Raises:
        SOSError: the offsets have another shape, such as that of a batch.
    """
    places = np.asarray(offsets, np.int64)
    if places.size and (places.ndim != 2 or places.shape[1] != 2):
        raise SOSError(f"offsets: expected [T, 2], those of one caption, found {list(places.shape)}")
    starts, ends = places.reshape(-1, 2).T
    reached = ends.max(initial=0)
    spans: list[range | None] = []
    for phrase in caption.phrases:
        first, last = phrase.span
        held = np.flatnonzero(np.maximum(starts, first) < np.minimum(ends, last)).tolist()
        is_whole = bool(held) and reached >= first + len(phrase.text.rstrip())
        within = is_whole and (max_tokens is None or held[-1] < max_tokens)
        spans.append(range(held[0], held[-1] + 1) if within else None)
    return spans


def positive_map(
    caption: Caption,
    offsets: Offsets,
    max_tokens: int = 256,
    *,
    sum_to_one: bool = True,
    on_cut: Literal["raise", "zero"] = "raise",
) -> Tensor:
    """Which tokens each phrase has, float32 ``[phrases, max_tokens]``.

    Args:
        caption, offsets, max_tokens: as :func:`token_spans` takes them.
        sum_to_one: each phrase's tokens share 1, as MDETR has it; else each is 1, as GLIP and GroundingDINO have it.
        on_cut: what a phrase does that :func:`token_spans` has no tokens for. ``zero``: its part of the map is zeros,
            which a loss may take for "no object", so leave it out.

    Raises:
        SOSError: a phrase has no tokens, under ``on_cut="raise"``; cut shorter captions.
    """
    return _shared(_phrase_tokens(caption, offsets, max_tokens, on_cut), sum_to_one)


def row_positive_map(
    caption: Caption,
    offsets: Offsets,
    rows: int,
    max_tokens: int = 256,
    *,
    sum_to_one: bool = True,
    on_cut: Literal["raise", "zero"] = "raise",
) -> Tensor:
    """Which tokens mean each row of the target, of all phrases together, float32 ``[rows, max_tokens]``.

    Zeros for a row that no phrase means: it is not a positive of this caption. Arguments are those of
    :func:`positive_map`, and ``rows``, how many the target has.

    Raises:
        SOSError: a phrase means a row that there is not, or as :func:`positive_map`.
    """
    of_phrases = _phrase_tokens(caption, offsets, max_tokens, on_cut)
    of_rows = torch.zeros(rows, max_tokens)
    for tokens, phrase in zip(of_phrases, caption.phrases, strict=True):
        for row in phrase.rows:
            if not 0 <= row < rows:
                raise SOSError(f"phrase {phrase.text!r}: expected rows in 0 … {rows - 1}, found {row}")
            of_rows[row] = torch.maximum(of_rows[row], tokens)
    return _shared(of_rows, sum_to_one)


def _phrase_tokens(caption: Caption, offsets: Offsets, max_tokens: int, on_cut: str) -> Tensor:
    """0 or 1, ``[phrases, max_tokens]``."""
    tokens = torch.zeros(len(caption.phrases), max_tokens)
    for number, span in enumerate(token_spans(caption, offsets, max_tokens)):
        if span is not None:
            tokens[number, span.start : span.stop] = 1
        elif on_cut == "raise":
            text = caption.phrases[number].text
            raise SOSError(
                f"phrase {number}, {text!r}: expected all its tokens among the first {max_tokens} of the caption, "
                f"found it cut off or without a token; the caption has {len(offsets)}; make shorter captions"
            )
    return tokens


def _shared(tokens: Tensor, sum_to_one: bool) -> Tensor:
    return tokens / tokens.sum(-1, keepdim=True).clamp(min=1) if sum_to_one else tokens
