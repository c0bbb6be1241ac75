"""Everything that a text may say: all parses that the grammar allows, not the likeliest one.

Each rule is a generator of (what was read, position behind it). With ``agree=False``, number and article may disagree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.refer.checker import tails
from tests.refer.checker.beginnings import PLURAL_BEGINNINGS
from tests.refer.checker.lexicon import Lexicon, part_noun, takes_no_article
from tests.refer.checker.trees import (
    Attribute,
    Chooser,
    Except,
    Extreme,
    Name,
    Nearest,
    Ordinal,
    Part,
    Phrase,
    Place,
    Reading,
    Relation,
    Size,
    Statement,
    Union,
)
from tests.refer.checker.words import COMPARATIVES, EXTREMES, MATERIALS, ORDINALS, SIZES, facet_of

Tail = tuple[Statement | Chooser, ...]


def read_all(text: str, lexicon: Lexicon, agree: bool = True) -> list[Reading]:
    """All readings of a text."""
    parser = Parser(text, lexicon, agree)
    readings = [tree for tree, end in parser.texts() if end == len(parser.tokens)]
    return list(dict.fromkeys(readings))


class Parser:
    def __init__(self, text: str, lexicon: Lexicon, agree: bool) -> None:
        self.tokens = tuple(text.casefold().split(" "))
        self.lexicon = lexicon
        self.agree = agree

    def after(self, at: int, *words: str) -> int | None:
        end = at + len(words)
        return end if self.tokens[at:end] == words else None

    def any_of(self, at: int, choices: list[tuple[tuple[str, ...], str]]) -> Iterator[tuple[str, int]]:
        for words, meaning in choices:
            if (end := self.after(at, *words)) is not None:
                yield meaning, end

    def one_of(self, at: int, *words: str) -> Iterator[int]:
        """The position behind one word of these; "" stands for none at all."""
        for word in words:
            if word == "":
                yield at
            elif (end := self.after(at, word)) is not None:
                yield end

    # whole texts

    def texts(self) -> Iterator[tuple[Reading, int]]:
        if (noun := self.after(0, "the")) is not None:
            yield from self.singular(noun)
        for at in self.one_of(0, "a", "an", ""):  # no "smaller car" without an article
            yield from ((phrase, end) for phrase, end in self.singular(at) if not (self.agree and phrase.choosers))
        yield from self.plural()
        yield from self.excepts()
        yield from self.everything()
        if (noun := self.after(0, "the")) is not None:
            yield from self.unions(noun)

    def unions(self, at: int) -> Iterator[tuple[Reading, int]]:
        for first, end in self.singular(at):
            relates = any(isinstance(part, Relation | Nearest) for part in (*first.statements, *first.choosers))
            second_at = self.after(end, "and", "the")
            if second_at is None or relates:
                continue
            for second, noun_end in self.singular(second_at, tail=False):
                for tail, last in self.tail(noun_end, second.plural_name):
                    yield Union(first, extended(second, tail)), last
                if not isinstance(first.statements[0], Name) or first.statements[0].span[1] != end:
                    continue
                # nothing stands behind the first noun: what stands behind the second may be said of both
                for tail, last in self.tail(noun_end, plural=True):
                    if tail and all(isinstance(part, Place | Relation | Attribute) for part in tail):
                        yield Union(extended(first, tail), extended(second, tail)), last

    def everything(self) -> Iterator[tuple[Phrase, int]]:
        if (at := self.after(0, "everything")) is None:
            return
        for tail, end in self.tail(at, plural=False):  # "everything that is …"
            if len(tail) == 1:
                yield with_tail((Name("thing", "thing", (0, 1)),), (), tail, plural=True), end

    def excepts(self) -> Iterator[tuple[Reading, int]]:
        bases: list[tuple[Phrase, int]] = []
        if (at := self.after(0, "all", "the")) is not None:
            bases += [(base, end) for base, end in self.noun_phrase(at, plural=True)]
        if (at := self.after(0, "every")) is not None:
            bases += [(replace(base, plural=True), end) for base, end in self.noun_phrase(at, plural=False)]
        if (at := self.after(0, "everything")) is not None:
            bases.append((Phrase((Name("thing", "thing", (0, 1)),), plural=True), at))
        for base, end in bases:
            for words in (("except",), ("but",), ("other", "than")):
                if (at := self.after(end, *words, "the")) is None:
                    continue
                for without, last in self.singular(at):
                    yield Except(base, without), last
                for adjectives, one in self.adjectives(at):
                    if adjectives and (last_at := self.after(one, "one")) is not None:
                        yield Except(base, None, adjectives), last_at

    # noun phrases

    def singular(self, at: int, tail: bool = True) -> Iterator[tuple[Phrase, int]]:
        """SINGULAR behind its article."""
        for phrase, end in self.noun_phrase(at, plural=False, tail=tail):
            yield phrase, end
        for phrase, end in self.plural_names(at, tail):
            yield phrase, end
        for phrase, end in self.short_phrases(at, tail):
            yield phrase, end
        for word, which in COMPARATIVES.items():
            if (rest := self.after(at, word, "of", "the", "two")) is None:
                continue
            for phrase, end in self.noun_phrase(rest, plural=True, tail=False):
                if not phrase.choosers:
                    yield replace(phrase, plural=False, choosers=(Size(which, of_two=True),)), end
        chooser: Chooser
        for word, side in EXTREMES.items():
            if (rest := self.after(at, word)) is not None:
                chooser = Extreme(side)
                yield from self.chosen(rest, chooser, tail)
        for word, which in SIZES.items():
            if (rest := self.after(at, word)) is not None:
                yield from self.chosen(rest, Size(which), tail)
        for word, which in COMPARATIVES.items():
            if (rest := self.after(at, word)) is not None:
                yield from self.chosen(rest, Size(which, of_two=True), tail)
        for place, word in enumerate(ORDINALS, 1):
            if (rest := self.after(at, word)) is not None:
                for phrase, end in self.noun_phrase(rest, plural=False, tail=False):
                    for side, behind_side in self.any_of(end, tails.FROM):
                        for more, last in self.tail(behind_side, plural=False) if tail else [((), behind_side)]:
                            yield with_tail(phrase.statements, (Ordinal(place, side),), more), last

    def chosen(self, at: int, chooser: Chooser, tail: bool) -> Iterator[tuple[Phrase, int]]:
        for phrase, end in self.noun_phrase(at, plural=False, tail=tail):
            yield replace(phrase, choosers=(chooser, *phrase.choosers)), end

    def noun_phrase(self, at: int, plural: bool, tail: bool = True) -> Iterator[tuple[Phrase, int]]:
        """ADJ* HEAD POST*, in one number."""
        for adjectives, noun in self.adjectives(at):
            for name, end, plural_name in self.names(noun, plural):
                if plural_name and not plural:
                    continue
                for more, last in self.tail(end, plural) if tail else [((), end)]:
                    phrase = with_tail((name, *adjectives), (), more, plural=plural)
                    yield replace(phrase, plural_name=plural_name), last

    def plural_names(self, at: int, tail: bool) -> Iterator[tuple[Phrase, int]]:
        """The socks: one object of that name, or several."""
        for phrase, end in self.noun_phrase(at, plural=True, tail=tail):
            if phrase.plural_name:
                yield replace(phrase, plural=False), end

    def short_phrases(self, at: int, tail: bool) -> Iterator[tuple[Phrase, int]]:
        for phrase, words in self.lexicon.phrases.items():
            if (end := self.after(at, *words)) is None or words in self.lexicon.heads:
                continue
            name = Name("plain phrase" if self.is_plain(at, end) else "phrase", phrase, (at, end))
            for more, last in self.tail(end, plural=False) if tail else [((), end)]:
                if all(isinstance(part, Place | Relation | Nearest) for part in more):
                    yield with_tail((name,), (), more), last

    def is_plain(self, at: int, end: int) -> bool:
        """Whether words are attributes and a name, so that as a phrase they say no more."""
        ends = [
            last
            for _, noun in self.adjectives(at)
            for plural in (False, True)
            for _, last, _ in self.names(noun, plural)
        ]
        return end in ends

    def plural(self) -> Iterator[tuple[Phrase, int]]:
        for words, number in PLURAL_BEGINNINGS:
            if (start := self.after(0, *words)) is None:
                continue
            for phrase, end in self.noun_phrase(start, plural=True):
                if not (phrase.plural_name and number and self.agree):
                    yield replace(phrase, number=number), end
            if number and words[0] == "the":
                for word, side in EXTREMES.items():
                    if (rest := self.after(start, word)) is None:
                        continue
                    for phrase, end in self.noun_phrase(rest, plural=True, tail=True):
                        choosers = (Extreme(side, number), *phrase.choosers)
                        yield replace(phrase, number=number, choosers=choosers), end

    def adjectives(self, at: int) -> Iterator[tuple[tuple[Attribute, ...], int]]:
        yield (), at
        for length in (1, 2):
            word = " ".join(self.tokens[at : at + length])
            if len(word.split()) == length and facet_of(word) is not None:
                for more, end in self.adjectives(at + length):
                    yield (Attribute(word), *more), end

    def names(self, at: int, plural: bool) -> Iterator[tuple[Name, int, bool]]:
        for length in range(1, len(self.tokens) - at + 1):
            for head in self.lexicon.heads.get(self.tokens[at : at + length], []):
                if (head.plural if plural else head.singular) or not self.agree:
                    yield Name(head.sort, head.words, (at, at + length)), at + length, head.plural_name

    # behind the noun

    def tail(self, at: int, plural: bool) -> Iterator[tuple[Tail, int]]:
        yield (), at
        for first, end in self.post(at, plural):
            for more, last in self.tail(end, plural):
                yield (first, *more), last

    def post(self, at: int, plural: bool) -> Iterator[tuple[Statement | Chooser, int]]:
        numbers = [plural] if self.agree else [False, True]
        starts = [at]
        for number in numbers:
            for words in tails.IS[number]:
                if (behind := self.after(at, *words)) is not None:
                    starts.append(behind)
                    yield from ((Attribute(word), end) for word, end in self.predicate(behind))
            for no in tails.IS_NOT[number]:
                if (behind := self.after(at, *no)) is not None:
                    yield from ((Attribute(word, negated=True), end) for word, end in self.predicate(behind))
        for start in starts:
            yield from ((Place(where), end) for where, end in self.any_of(start, tails.PLACES))
            for sort, end in self.any_of(start, tails.RELATIONS):
                yield from self.relation(sort, end)
        yield from ((Extreme(side), end) for side, end in self.any_of(at, tails.FURTHEST))
        yield from ((Extreme(side, far=True), end) for side, end in self.any_of(at, tails.FAR))
        for having in ("with", "with a", "with an"):
            if (behind := self.after(at, *having.split())) is not None:
                for part, feature in self.lexicon.parts.items():
                    fits = takes_no_article(part_noun(feature.casefold())) == (having == "with")
                    if (part_end := self.after(behind, *part)) is not None and (fits or not self.agree):
                        yield Part(feature), part_end

    def predicate(self, at: int) -> Iterator[tuple[str, int]]:
        """An attribute behind "is": of materials, only "wooden" is an adjective."""
        made = self.after(at, "made", "of")
        for word, end in self.attribute(at if made is None else made):
            if (word in MATERIALS and word != "wooden") == (made is not None) or not self.agree:
                yield word, end

    def attribute(self, at: int) -> Iterator[tuple[str, int]]:
        for length in (1, 2):
            word = " ".join(self.tokens[at : at + length])
            if len(word.split()) == length and facet_of(word) is not None:
                yield word, at + length

    def relation(self, sort: str, at: int) -> Iterator[tuple[Relation | Nearest, int]]:
        if (noun := self.after(at, "the")) is None:
            return
        for anchor, end in self.singular(noun):
            if sort == "nearest":
                yield Nearest(anchor), end
            elif sort != "between":
                yield Relation(sort, (anchor,)), end
            elif (second := self.after(end, "and", "the")) is not None:
                for other, last in self.singular(second):
                    yield Relation("between", (anchor, other)), last


def extended(phrase: Phrase, tail: Tail) -> Phrase:
    """A phrase with more behind it."""
    more = with_tail(phrase.statements, phrase.choosers, tail)
    return replace(phrase, statements=more.statements, choosers=more.choosers)


def with_tail(
    statements: tuple[Statement, ...], choosers: tuple[Chooser, ...], tail: Tail, plural: bool = False
) -> Phrase:
    """A phrase with what stands behind its noun."""
    more = tuple(part for part in tail if not isinstance(part, Extreme | Nearest | Ordinal | Size))
    behind = tuple(part for part in tail if isinstance(part, Extreme | Nearest | Ordinal | Size))
    return Phrase((*statements, *more), (*choosers, *behind), before=len(statements), plural=plural)
