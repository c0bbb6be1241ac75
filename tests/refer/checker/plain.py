"""Statements by common sense: no margins, nothing undecided."""

from __future__ import annotations

import numpy as np

from tests.refer.checker import geometry
from tests.refer.checker.facts import Facts
from tests.refer.checker.geometry import TOWARDS, gap
from tests.refer.checker.scene import Array
from tests.refer.checker.words import KINDS, PART_OF, entries


def truth(yes: bool | np.bool_) -> int:
    return 1 if yes else -1


class PlainFacts(Facts):
    """What anybody would say who has to say yes or no."""

    def _name(self, row: int, sort: str, words: str) -> int:
        thing = self.scene.objects[row]
        if sort == "thing":
            return 1
        if sort == "kind":
            told = self.scene.supercategories.get(thing.name, "")
            return truth(thing.name in entries(KINDS.get(words, "")) or words in (told, PART_OF.get(told)))
        return truth((thing.name if sort == "name" else thing.phrase) == words)

    def attribute(self, word: str) -> Array:
        return np.array([truth(word in thing.stated) for thing in self.scene.objects], np.int64)

    def part(self, feature: str) -> Array:
        return np.array([truth(feature in thing.features) for thing in self.scene.objects], np.int64)

    def place(self, where: str) -> Array:
        u, v = (self.scene.centres / (self.scene.width, self.scene.height)).T
        if where == "middle":
            inside = (np.abs(u - 0.5) < 0.25) & (np.abs(v - 0.5) < 0.25)
        else:
            tests = {"left": u < 0.5, "right": u > 0.5, "top": v < 0.5, "bottom": v > 0.5}
            inside = np.logical_and.reduce([tests[side] for side in where.split()])
        return np.where(inside, 1, -1)

    def _relation(self, row: int, sort: str, anchors: list[int]) -> int:
        scene, anchor = self.scene, anchors[0]
        if sort == "front":
            return truth(scene.hidden_pixels(row, anchor) > 0)
        if sort == "behind":
            return truth(scene.hidden_pixels(anchor, row) > 0)
        if sort == "on":
            pixels = scene.instances == row + 1
            return truth(np.count_nonzero(pixels & scene.masks[anchor]) > 0.5 * np.count_nonzero(pixels))
        if sort == "surrounded":
            (x1, y1, x2, y2), (left, top, right, bottom) = scene.seen[row], scene.seen[anchor]
            within = left <= x1 and top <= y1 and right >= x2 and bottom >= y2
            return truth(within and geometry.share_around(scene, row, anchor, 1) > 0.75)
        if sort == "between":
            start, end, point = scene.centres[anchor], scene.centres[anchors[1]], scene.centres[row]
            to_one, to_other = np.hypot(*(point - start)), np.hypot(*(point - end))
            # the angle under which both are seen is blunt
            return truth(bool((start - point) @ (end - point) < 0) and to_one > 0 and to_other > 0)
        return self.before(row, anchor, TOWARDS[sort])

    def before(self, one: int, other: int, side: str) -> int:
        axis = 0 if side in ("left", "right") else 1
        sign = 1 if side in ("left", "top") else -1
        return truth(sign * (self.scene.centres[other, axis] - self.scene.centres[one, axis]) > 0)

    def larger(self, one: int, other: int) -> int:
        scene = self.scene
        sizes = scene.area, scene.whole_area, np.prod(scene.seen[:, 2:] - scene.seen[:, :2], axis=1)
        votes = {truth(size[one] > size[other]) for size in sizes}
        return votes.pop() if len(votes) == 1 else 0

    def nearer(self, one: int, other: int, anchor: int) -> int:
        scene = self.scene
        gaps = [gap(scene.seen[row], scene.seen[anchor]) for row in (one, other)]
        ways = [geometry.distance(scene, row, anchor) for row in (one, other)]
        votes = {truth(gaps[0] < gaps[1]), truth(ways[0] < ways[1])}
        return votes.pop() if len(votes) == 1 else 0
