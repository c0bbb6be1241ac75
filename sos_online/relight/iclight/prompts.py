"""Prompts of any length as embeddings, encoded once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sos_online.relight.composites import on_device
from sos_online.relight.iclight.recent import Recent


class PromptEncoder:
    """Texts to embeddings, the latest of them kept.

    Args:
        tokenizer, text_encoder: CLIP's, as diffusers lays them out.
        keep: how many texts are kept.
    """

    def __init__(self, tokenizer: Any, text_encoder: Any, *, keep: int) -> None:
        self._tokenizer = tokenizer
        self._encoder = text_encoder
        self._recent: Recent[str] = Recent(keep)

    def __call__(self, text: str) -> Tensor:
        """``[chunks, tokens, width]``: a text is cut into as many chunks as it needs."""
        return self._recent.get(text, lambda: self._encode(text))

    def _encode(self, text: str) -> Tensor:
        embeddings: Tensor = self._encoder(on_device(self.chunks(text), self._encoder.device)).last_hidden_state
        return embeddings

    def chunks(self, text: str) -> np.ndarray:
        """Token ids, int64 ``[chunks, 77]``: a start, 75 tokens and an end each, filled up with the end token."""
        length, start, end = (
            self._tokenizer.model_max_length,
            self._tokenizer.bos_token_id,
            self._tokenizer.eos_token_id,
        )
        # not a word about a text that is longer than a chunk
        tokens = self._tokenizer(text, truncation=False, add_special_tokens=False, verbose=False)["input_ids"]
        chunks = np.full((max(1, -(-len(tokens) // (length - 2))), length), end, np.int64)
        chunks[:, 0] = start
        for number, chunk in enumerate(chunks):
            piece = tokens[number * (length - 2) : (number + 1) * (length - 2)]
            chunk[1 : 1 + len(piece)] = piece
        return chunks


def pair(positive: Tensor, negative: Tensor) -> tuple[Tensor, Tensor]:
    """Two sides of the same number of chunks, the shorter repeated; their tokens joined, ``[tokens, width]``."""
    chunks = max(len(positive), len(negative))
    return _repeat(positive, chunks), _repeat(negative, chunks)


def stack(sides: Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
    """Sides of different length as a batch.

    Returns:
        ``[B, tokens, width]``, the shorter filled with zeros; and which tokens are real, bool ``[B, tokens]``, or
        ``None`` if all are: attention without a mask is faster.
    """
    lengths = [len(side) for side in sides]
    batch = torch.nn.utils.rnn.pad_sequence(list(sides), batch_first=True)
    if min(lengths) == max(lengths):
        return batch, None
    return batch, on_device(np.arange(max(lengths)) < np.array(lengths)[:, None], batch.device)


def _repeat(chunks: Tensor, count: int) -> Tensor:
    repeats = -(-count // len(chunks))
    return chunks.repeat(repeats, 1, 1)[:count].flatten(0, 1)
