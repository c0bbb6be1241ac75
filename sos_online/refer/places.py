"""Phrases by a place in the image: on the left, in the top right corner."""

from __future__ import annotations

from sos_online.refer.draws import Draws
from sos_online.refer.geometry import Place
from sos_online.refer.goals import Goal
from sos_online.refer.naming import Naming
from sos_online.refer.phrase import Phrase

_PICTURE = ("", "", " of the picture", " of the image")
_WORDS: dict[Place, tuple[str, ...]] = {
    "left": ("on the left", "on the left side"),
    "right": ("on the right", "on the right side"),
    "top": ("at the top",),
    "bottom": ("at the bottom",),
    "top left": ("in the top left corner", "in the upper left corner"),
    "top right": ("in the top right corner", "in the upper right corner"),
    "bottom left": ("in the bottom left corner", "in the lower left corner"),
    "bottom right": ("in the bottom right corner", "in the lower right corner"),
    "middle": ("in the middle", "in the centre"),
}


def by_place(naming: Naming, base: Phrase, goal: Goal, draws: Draws) -> Phrase | None:
    """What ``base`` means at one of the places at which that is what is wanted."""
    places = naming.facts.geometry.places
    fitting = goal.met_by(base.extent, places)
    if not goal.most:  # that no mug is in a corner is worth saying if something else is: most corners are empty
        fitting = [(place, extent) for place, extent in fitting if places[place].true]
    if not fitting:
        return None
    place, extent = draws.pick(fitting)
    words = draws.pick(_WORDS[place]) + draws.pick(_PICTURE)
    return base.narrowed(extent, words, "either", lies=True)
