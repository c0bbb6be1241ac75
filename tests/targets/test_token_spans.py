"""Positive maps, by the real thing: fast tokenizers of three families, trained on the spot on a few words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import sos_online as sos
from sos_online.targets.captions import Caption, caption_of
from sos_online.targets.token_spans import positive_map, row_positive_map, token_spans

WORDS = [
    "the red apple on the left",
    "the apple. two mugs. a tram",
    "a dog and the other dog, which is larger than the dog's bowl",
    "Käse, café and naïve déjà-vu ¿qué? straße İstanbul 東京 🧀",
]


def wordpiece() -> Tokenizer:
    """As BERT's, uncased: small letters, accents stripped, control characters dropped."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer.train_from_iterator(WORDS, trainers.WordPieceTrainer(vocab_size=120, special_tokens=special))
    ends = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    return tokenizer


def byte_level(trim_offsets: bool) -> Tokenizer:
    """As RoBERTa's (``trim_offsets``) and GPT's: bytes, so that one letter may be several tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=trim_offsets)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(WORDS, trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet))
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=trim_offsets)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def unigram() -> Tokenizer:
    """As SentencePiece's: NFKC, and blanks as a letter of the word behind them."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=120, unk_token="<unk>", special_tokens=["<unk>"])
    tokenizer.train_from_iterator(WORDS, trainer)
    return tokenizer


TOKENIZERS: dict[str, Tokenizer] = {
    "wordpiece": wordpiece(),
    "byte_level": byte_level(trim_offsets=False),
    "byte_level_trimmed": byte_level(trim_offsets=True),
    "unigram": unigram(),
}
every_tokenizer = pytest.mark.parametrize("name", TOKENIZERS)


def offsets_of(name: str, caption: Caption) -> list[tuple[int, int]]:
    return list(TOKENIZERS[name].encode(caption.text).offsets)


def said_by(caption: Caption, offsets: list[tuple[int, int]], span: range) -> str:
    """The part of a caption that tokens stand for."""
    return caption.text[min(offsets[token][0] for token in span) : max(offsets[token][1] for token in span)]


PHRASES = [
    "the red apple",
    "Käse",
    "e\u0301clair",
    "the dog's bowl",
    "déjà-vu",
    'the "big" mug',
    "🧀",
    "👩\u200d🚀 on the left",
    "İstanbul",
    "dog",
    "the dog",
    "st. bernard",
    "¿qué?",
    "東京",
]


@every_tokenizer
def test_tokens_of_a_phrase_say_the_phrase(name: str) -> None:
    """All of it, and nothing but blanks beside it."""
    caption = caption_of([(text, [row]) for row, text in enumerate(PHRASES)])
    offsets = offsets_of(name, caption)
    for phrase, span in zip(caption.phrases, token_spans(caption, offsets), strict=True):
        assert span is not None and len(span) > 0
        # a tokenizer may take the full stop behind a question mark into one token with it
        assert phrase.text in said_by(caption, offsets, span)
        assert said_by(caption, offsets, span).strip().removesuffix(".") == phrase.text
    spans = token_spans(caption, offsets)
    taken = [token for span in spans if span is not None for token in span]
    assert len(taken) == len(set(taken)), "phrases share a token"


def test_special_tokens_belong_to_nothing() -> None:
    caption = caption_of([("the red apple", [0]), ("a tram", [1])])
    encoding = TOKENIZERS["wordpiece"].encode(caption.text)
    spans = token_spans(caption, encoding.offsets)
    ids = [[encoding.tokens[token] for token in span] for span in spans if span]
    assert [" ".join(tokens).replace(" ##", "") for tokens in ids] == ["the red apple", "a tram"]


TEXTS = st.lists(
    st.one_of(
        st.sampled_from([*PHRASES, ". ", " ", "a", "\u0301", "\u200b", "\t", "-", "'", "?"]), st.text(max_size=5)
    ),
    min_size=1,
    max_size=5,
).map("".join)


@every_tokenizer
@settings(max_examples=60)
@given(texts=st.lists(TEXTS.filter(str.strip), min_size=1, max_size=6), cut=st.integers(0, 60))
def test_of_any_text_against_a_slow_reference(name: str, texts: list[str], cut: int) -> None:
    """Letter by letter: a token is a phrase's if it holds a letter of it. Never a span that says something else."""
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    caption = caption_of([(text, []) for text in texts if text.strip()] or [("a", [])])
    offsets = offsets_of(name, caption)
    letters = [set(range(start, end)) for start, end in offsets]
    for phrase, span, short in zip(
        caption.phrases, token_spans(caption, offsets), token_spans(caption, offsets, cut), strict=True
    ):
        own = set(range(*phrase.span))
        expected = [token for token, held in enumerate(letters) if held & own]
        if span is None:
            # no token at all, or letters at its end that the tokenizer dropped at the end of the text
            assert not expected or max(end for _, end in offsets) < phrase.span[1]
            assert short is None
            continue
        assert [token for token in span if letters[token]] == expected
        assert short == (span if span.stop <= cut else None)


@every_tokenizer
@pytest.mark.parametrize("cut_by", ["max_tokens", "tokenizer"])
def test_a_phrase_that_is_cut_off_has_no_span(name: str, cut_by: str) -> None:
    caption = caption_of([(text, [row]) for row, text in enumerate(PHRASES)])
    offsets = offsets_of(name, caption)
    whole = token_spans(caption, offsets)
    for limit in range(len(offsets) + 1):
        part = token_spans(caption, offsets, limit) if cut_by == "max_tokens" else token_spans(caption, offsets[:limit])
        for span, kept in zip(whole, part, strict=True):
            assert span is not None
            if span.stop <= limit:
                assert kept == span
            elif cut_by == "max_tokens" or span.start >= limit:
                assert kept is None
            elif (
                kept is not None
            ):  # bytes of its last letter are cut off: it has been reached, and what is there is its own
                assert kept == range(span.start, limit)


def mdetr_map(caption: Caption, char_to_token: Callable[[int], int | None], size: int) -> torch.Tensor:
    """Each phrase by the tokens of its first and last letter, as MDETR looks them up."""
    found = torch.zeros(len(caption.phrases), size)
    for number, phrase in enumerate(caption.phrases):
        first, last = char_to_token(phrase.span[0]), char_to_token(phrase.span[1] - 1)
        assert first is not None and last is not None
        found[number, first : last + 1] = 1
    return found / (found.sum(-1, keepdim=True) + 1e-6)


@every_tokenizer
def test_the_map_is_mdetrs(name: str) -> None:
    caption = caption_of([("the red apple", [0]), ("Käse", [1]), ("dog", [0]), ("the dog", [0, 2]), ("déjà-vu", [])])
    encoding = TOKENIZERS[name].encode(caption.text)
    found = positive_map(caption, encoding.offsets, 64)
    assert found.dtype is torch.float32 and found.shape == (5, 64)
    expected = mdetr_map(caption, encoding.char_to_token, 64)
    if name == "byte_level":  # here a letter of two bytes is two tokens, of which MDETR takes the first
        assert torch.equal(found[[0, 2, 3]] > 0, expected[[0, 2, 3]] > 0)
    else:
        assert torch.equal(found > 0, expected > 0)
        assert torch.allclose(found, expected, atol=1e-5)
    assert torch.allclose(found.sum(-1), torch.ones(5))
    assert torch.equal(positive_map(caption, encoding.offsets, 64, sum_to_one=False), (found > 0).float())


def test_rows_have_the_tokens_of_all_phrases_that_mean_them() -> None:
    caption = caption_of([("the apple", [0]), ("two mugs", [0, 2]), ("a tram", [])])
    offsets = offsets_of("wordpiece", caption)
    of_phrases = positive_map(caption, offsets, 40, sum_to_one=False)
    of_rows = row_positive_map(caption, offsets, 4, 40, sum_to_one=False)
    expected = torch.stack([of_phrases[0] + of_phrases[1], torch.zeros(40), of_phrases[1], torch.zeros(40)])
    assert torch.equal(of_rows, expected)
    assert torch.allclose(row_positive_map(caption, offsets, 4, 40).sum(-1), torch.tensor([1.0, 0, 1, 0]))
    assert row_positive_map(caption_of([]), [], 0).shape == (0, 256)
    with pytest.raises(sos.SOSError, match=r"phrase 'two mugs': expected rows in 0 … 1, found 2"):
        row_positive_map(caption, offsets, 2)


def test_a_phrase_that_is_cut_off_is_an_error_or_zeros() -> None:
    caption = caption_of([("the apple", [0]), ("two mugs", [1])])
    offsets = offsets_of("wordpiece", caption)
    (_, last) = token_spans(caption, offsets)
    assert last is not None
    with pytest.raises(sos.SOSError, match="phrase 1, 'two mugs': expected all its tokens among the first"):
        positive_map(caption, offsets, last.stop - 1)
    found = positive_map(caption, offsets, last.stop - 1, on_cut="zero")
    assert found[0].sum() == 1 and not found[1].any()
    assert not row_positive_map(caption, offsets, 2, last.stop - 1, on_cut="zero")[1].any()
    gone = caption_of([("\u0000\u0001", [0]), ("a", [1])])  # control characters, which BERT drops
    with pytest.raises(sos.SOSError, match=r"phrase 0, .*cut off or without a token"):
        positive_map(gone, offsets_of("wordpiece", gone))


def test_offsets_of_transformers(tmp_path_factory: pytest.TempPathFactory) -> None:
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=TOKENIZERS["wordpiece"], pad_token="[PAD]")
    caption = caption_of([("the red apple", [0]), ("Käse", [1])])
    expected = positive_map(caption, offsets_of("wordpiece", caption))
    plain = tokenizer(caption.text, return_offsets_mapping=True, padding="max_length", max_length=50)
    batch = tokenizer([caption.text], return_offsets_mapping=True, return_tensors="pt")
    assert torch.equal(positive_map(caption, plain["offset_mapping"]), expected)
    assert torch.equal(positive_map(caption, batch["offset_mapping"][0]), expected)
    with pytest.raises(sos.SOSError, match=r"offsets: expected \[T, 2\], those of one caption, found \[1, \d+, 2\]"):
        token_spans(caption, batch["offset_mapping"])
    assert token_spans(caption, np.zeros((0, 2))) == token_spans(caption, []) == [None, None]
