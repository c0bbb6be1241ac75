"""The text of an image as Grounding DINO splits it: ``[CLS] the red apple . two mugs . [SEP]``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sos_online.data.stream import require
from sos_online.ops.names import as_unicode

Tokenizer = Callable[..., Any]

# they are constants in the models' code: what separates phrases (beginning, end, full stop, question mark), and padding
_BEGIN, _END, _STOP, _PAD = "[CLS]", "[SEP]", ".", "[PAD]"
DELIMITERS = {_BEGIN: 101, _END: 102, _STOP: 1012, "?": 1029, _PAD: 0}


@dataclass(frozen=True)
class PhraseTokens:
    """Tokens of one text.

    Attributes:
        input_ids: of all of it.
        phrases: those that are in it, in its order.
    """

    input_ids: list[int]
    phrases: list[TokenSpan]


@dataclass(frozen=True)
class TokenSpan:
    """One phrase: tokens ``begin`` … ``end - 1``, and the rows of the target that it means, ascending."""

    begin: int
    end: int
    rows: list[int]


class PhraseTokenizer:
    """Makes one text of phrases, such that the model finds the very phrases in it again.

    The models cut a text where a full stop or a question mark is. So those inside a phrase are left out: ``st.
    bernard`` is read as ``st bernard``. Phrases of the same tokens are one, which means the rows of all of them: the
    model could not tell them apart. A phrase without a token that the vocabulary knows is left out, and so is one that
    no longer fits; a shorter one behind it may. Nothing is ever cut.

    Args:
        tokenizer: BERT's (uncased), as the models' processors hold it.
        max_tokens: of a text, with all that separates phrases.

    Raises:
        StreamError: the tokenizer numbers what separates phrases otherwise than the models do.
    """

    def __init__(self, tokenizer: Tokenizer, *, max_tokens: int) -> None:
        require("max_tokens", max_tokens, isinstance(max_tokens, int) and max_tokens >= 2, "an integer from 2 on")
        numbers = tokenizer.convert_tokens_to_ids(list(DELIMITERS))  # type: ignore[attr-defined]
        expected = ", ".join(f"{token} {number}" for token, number in DELIMITERS.items())
        require("tokenizer", numbers, numbers == [*DELIMITERS.values()], f"one like BERT's (uncased), with {expected}")
        self._tokenizer = tokenizer
        self._unknown = tokenizer.unk_token_id  # type: ignore[attr-defined]
        self._max_tokens = max_tokens

    def __call__(self, phrases: Iterable[tuple[str, Collection[int]]]) -> PhraseTokens:
        """The text of ``phrases``: what each says, and the rows that it means."""
        given = list(phrases)
        rows_of: dict[tuple[int, ...], set[int]] = {}
        for tokens, (_, rows) in zip(self._tokens([text for text, _ in given]), given, strict=True):
            rows_of.setdefault(tokens, set()).update(rows)
        ids, spans = [DELIMITERS[_BEGIN]], []
        for tokens, meant in rows_of.items():
            begin, end = len(ids), len(ids) + len(tokens)
            if set(tokens) <= {self._unknown} or end + 2 > self._max_tokens:  # the full stop, and the end of the text
                continue
            ids += [*tokens, DELIMITERS[_STOP]]
            spans.append(TokenSpan(begin, end, sorted(meant)))
        return PhraseTokens([*ids, DELIMITERS[_END]], spans)

    def _tokens(self, texts: list[str]) -> list[tuple[int, ...]]:
        """Of each text, without what would part it."""
        if not texts:  # which tokenizers do not take
            return []
        lower = [as_unicode(text).lower() for text in texts]  # as the models' processor has them
        found = self._tokenizer(lower, add_special_tokens=False, verbose=False)["input_ids"]
        return [tuple(number for number in ids if number not in DELIMITERS.values()) for ids in found]
