"""Words: referring expressions that are proven against the image that they are about."""

from sos_online.refer.draws import Draws
from sos_online.refer.facts import Facts
from sos_online.refer.nouns import SpokenNames, load_english
from sos_online.refer.object_words import ObjectWords, object_words
from sos_online.refer.occlusion import Occlusion, find_occlusion
from sos_online.refer.settings import ExpressionChoice, ScopeCounts
from sos_online.refer.write import write_expressions

__all__ = [
    "Draws",
    "ExpressionChoice",
    "Facts",
    "ObjectWords",
    "Occlusion",
    "ScopeCounts",
    "SpokenNames",
    "find_occlusion",
    "load_english",
    "object_words",
    "write_expressions",
]
