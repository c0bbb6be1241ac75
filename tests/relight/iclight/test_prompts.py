"""Prompts of any length: chunks, pairs, masks."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sos_online.relight.iclight.prompts import PromptEncoder, pair, stack
from tests.relight.iclight import tiny


@pytest.fixture(scope="module")
def encoder(models: Path) -> PromptEncoder:
    from transformers import CLIPTextModel, CLIPTokenizer

    folder = models / "fc"
    return PromptEncoder(
        CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        CLIPTextModel.from_pretrained(folder / "text_encoder").requires_grad_(False),
        keep=4,
    )


@pytest.mark.parametrize(
    ("letters", "chunks"),
    [(0, 1), (1, 1), (75, 1), (76, 2), (150, 2), (151, 3)],
)
def test_chunks_of_75(encoder: PromptEncoder, letters: int, chunks: int) -> None:
    start, end = tiny.vocabulary()["<|startoftext|>"], tiny.vocabulary()["<|endoftext|>"]
    text = " ".join("abcdefghij"[n % 10] for n in range(letters))
    ids = encoder.chunks(text)
    assert ids.shape == (chunks, 77)
    assert (ids[:, 0] == start).all() and (ids[:, 76] == end).all()
    words = [tiny.vocabulary()["abcdefghij"[n % 10] + "</w>"] for n in range(letters)]
    assert ids[:, 1:76].reshape(-1).tolist() == words + [end] * (75 * chunks - letters)
    assert encoder(text).shape == (chunks, 77, tiny.WIDTH)


def test_a_pair_has_one_length_and_the_shorter_is_repeated() -> None:
    three, two = torch.randn(3, 77, 4), torch.randn(2, 77, 4)
    long, short = pair(three, two)
    assert torch.equal(long, torch.cat(list(three)))
    assert torch.equal(short, torch.cat([two[0], two[1], two[0]]))
    assert torch.equal(pair(two, three)[0], short)


def test_a_mask_only_where_lengths_differ() -> None:
    sides = [torch.randn(77, 4), torch.randn(154, 4)]
    batch, real = stack(sides)
    assert batch.shape == (2, 154, 4) and real is not None and real.sum(1).tolist() == [77, 154]
    assert torch.equal(batch[0, :77], sides[0]) and (batch[0, 77:] == 0).all() and real[0, :77].all()
    assert stack([sides[0], sides[0]])[1] is None
