"""A kind of object: its shapes, the styles it comes in, how it is painted and what it is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sos_online.library.demo.materials import Coat
from sos_online.library.demo.model import Model

_FINISH: dict[str, str] = {
    "ceramic": "glossy",
    "plastic": "shiny",
    "rubber": "smooth",
    "clay": "matte",
    "metal": "shiny",
    "foil": "shiny",
    "wood": "grained",
    "fabric": "soft",
    "paper": "smooth",
    "glass": "translucent",
    "latex": "glossy",
    "natural": "shiny",
}
_ADJECTIVE: dict[str, str] = {
    "wood": "wooden",
    "natural": "",
    "upright": "striped",
    "banded": "striped",
    "starry": "star-patterned",
    "zigzag": "zigzag-patterned",
}
_TRIM: dict[str, str] = {
    "striped": "{} stripes",
    "upright": "{} stripes",
    "banded": "{} bands",
    "dotted": "{} dots",
    "checked": "{} checks",
    "zigzag": "{} zigzags",
    "starry": "{} stars",
    "scaly": "{} scales",
}


@dataclass(frozen=True, slots=True)
class Style:
    """One look of a kind. `accent`: the pattern's second colour. `form`: which of the kind's shapes."""

    colour: str
    material: str
    pattern: str = "plain"
    accent: str = "white"
    form: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What a style is called; every word is true of its picture."""

    sub_category: str
    short_phrase: str
    description: str
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """`models`: for each form, how to build its shape. `coats`: for each part's name, what it wears."""

    category: str
    styles: tuple[Style, ...]
    models: Mapping[str, Callable[[], Model]]
    coats: Callable[[Style], Mapping[str, Coat]]
    words: Callable[[Style], Words]


def with_article(phrase: str) -> str:
    """The phrase after the indefinite article that its first sound asks for."""
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def adjective(name: str) -> str:
    """A material or pattern as a word that can stand before a noun."""
    return _ADJECTIVE.get(name, name)


def finish(material: str) -> str:
    """How a material's surface looks, in one adjective."""
    return _FINISH[material]


def trim(style: Style) -> str:
    """The style's pattern as a noun with its colour: "white stripes"; empty if plain."""
    return _TRIM[style.pattern].format(style.accent) if style.pattern != "plain" else ""


def usual_words(noun: str, style: Style, detail: str, extra: tuple[str, ...] = ()) -> Words:
    """Words for an object that is all of one colour, material and pattern.

    `detail` ends the description: "a curved handle". `extra`: more true attributes.
    """
    pattern = "" if style.pattern == "plain" else adjective(style.pattern)
    kinds = [word for word in (pattern, adjective(style.material), noun) if word]
    trimming = " and ".join(part for part in (trim(style), detail) if part)
    stuff = " ".join(word for word in (style.colour, adjective(style.material), noun) if word)
    look = with_article(f"{finish(style.material)} {stuff}")
    sentence = f"{look} with {trimming}." if trimming else f"{look}."
    plain = "" if style.material == "natural" else "plain"  # nature's colours run into one another
    features = (style.colour, pattern or plain, finish(style.material), adjective(style.material))
    return Words(
        sub_category=" ".join(word for word in (style.form, *kinds) if word),
        short_phrase=with_article(" ".join(word for word in (style.form, style.colour, *kinds) if word)),
        description=sentence[0].upper() + sentence[1:],
        features=tuple(dict.fromkeys(word for word in (*features, style.form, *extra) if word)),
    )
