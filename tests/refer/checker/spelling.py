"""Faults that need no image: articles, doubled words, capitals, names where none belongs."""

from __future__ import annotations

import itertools
import re

from tests.refer.checker.lexicon import Lexicon, is_plural_itself, plural_of
from tests.refer.checker.trees import Name, Reading, parts_of

# words whose first sound is not that of their first letter
VOWEL_SOUND = ("hour", "honest", "heir", "x-ray")
CONSONANT_SOUND = ("one", "uni", "euro", "ewe", "use", "ufo", "ukulele")


def begins_with_vowel(word: str) -> bool:
    if word.startswith(VOWEL_SOUND):
        return True
    if re.fullmatch(r"(8|11|18|8\d.*)", word):
        return True
    return word[:1] in set("aeiou") and not (word.startswith(CONSONANT_SOUND) and not word.startswith("onion"))


def faults(text: str, lexicon: Lexicon) -> list[str]:
    found = []
    if text != " ".join(text.split()):
        found.append("blanks are not single")
    if re.search(r"[.!?,]$", text):
        found.append("ends with a stop")
    tokens = text.split()
    for one, other in itertools.pairwise(tokens):
        if one.casefold() == other.casefold() and f"{one} {other}".casefold() not in lexicon.names_text:
            found.append(f"doubled word: {one}")
        if one in ("a", "an") and (one == "an") != begins_with_vowel(other.casefold()):
            found.append(f"wrong article: {one} {other}")
    if tokens and tokens[-1] in ("a", "an", "the"):
        found.append("ends with an article")
    for word in tokens:
        if word != word.lower() and word not in lexicon.capitals:
            found.append(f"capitals: {word}")
    return found


def stray_names(text: str, reading: Reading, lexicon: Lexicon) -> list[str]:
    """Names of categories that stand in a text outside of its nouns."""
    tokens = text.casefold().split()
    for part in parts_of(reading):
        if isinstance(part, Name):
            start, end = part.span
            # the name of a short phrase is the first in it; what follows is no noun
            if "phrase" in part.sort:
                end = (
                    next(
                        (at for at in range(start, end) if _ends_with_name(tokens[start : at + 1], part, lexicon)),
                        end - 1,
                    )
                    + 1
                )
            tokens[start:end] = [""] * (end - start)
    said = f" {' '.join(token or '|' for token in tokens)} "
    forms = {form.casefold() for name in lexicon.names for form in (name, _plural(name))}
    return sorted(form for form in forms if f" {form} " in said)


def _plural(name: str) -> str:
    return name if is_plural_itself(name) else plural_of(name)


def _ends_with_name(tokens: list[str], name: Name, lexicon: Lexicon) -> bool:
    return any(tokens[-len(words.split()) :] == words.split() for words in lexicon.phrase_names[name.words])
