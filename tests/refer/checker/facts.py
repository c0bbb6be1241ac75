"""Statements about all rows of a scene, by the definitions: vectors of 1 true, 0 undecided, -1 false."""

from __future__ import annotations

import numpy as np

from tests.refer.checker import appearance, geometry, kinds
from tests.refer.checker.lexicon import Lexicon
from tests.refer.checker.scene import Array, Scene


class Facts:
    """By the page."""

    def __init__(self, scene: Scene, lexicon: Lexicon) -> None:
        self.scene, self.lexicon = scene, lexicon
        self.rows = range(len(scene.objects))

    def name(self, sort: str, words: str) -> Array:
        return np.array([self._name(row, sort, words) for row in self.rows], np.int64)

    def _name(self, row: int, sort: str, words: str) -> int:
        scene, thing = self.scene, self.scene.objects[row]
        if sort == "thing":
            return 1
        if sort == "kind":
            return kinds.is_kind(thing, words, scene.supercategories)
        if sort == "name":
            return appearance.is_name(thing, words, scene.shared_names, scene.supercategories)
        names = self.lexicon.phrase_names[words]
        seen = float(scene.visibility[row]), float(scene.area[row])
        return appearance.is_phrase(thing, words, names, scene.shared_names, scene.supercategories, *seen)

    def attribute(self, word: str) -> Array:
        scene = self.scene
        return np.array(
            [
                appearance.is_attribute(thing, word, float(scene.visibility[row]), float(scene.area[row]))
                for row, thing in enumerate(scene.objects)
            ],
            np.int64,
        )

    def part(self, feature: str) -> Array:
        values = [
            appearance.has_part(thing, feature, float(self.scene.visibility[row]))
            for row, thing in enumerate(self.scene.objects)
        ]
        return np.array(values, np.int64)

    def place(self, where: str) -> Array:
        return np.array([geometry.is_at(self.scene, row, where) for row in self.rows], np.int64)

    def relation(self, sort: str, anchors: list[int]) -> Array:
        return np.array(
            [-1 if row in anchors else self._relation(row, sort, anchors) for row in self.rows],
            np.int64,
        )

    def _relation(self, row: int, sort: str, anchors: list[int]) -> int:
        if sort == "front":
            return geometry.in_front(self.scene, row, anchors[0])
        if sort == "behind":
            return geometry.in_front(self.scene, anchors[0], row)
        if sort == "on":
            return geometry.lies_on(self.scene, row, anchors[0])
        if sort == "surrounded":
            return geometry.surrounded(self.scene, row, anchors[0])
        if sort == "between":
            return geometry.between(self.scene, row, *anchors)
        return geometry.directed(self.scene, row, anchors[0], sort)

    def before(self, one: int, other: int, side: str) -> int:
        return geometry.before(self.scene, one, other, side)

    def larger(self, one: int, other: int) -> int:
        return geometry.larger(self.scene, one, other)

    def nearer(self, one: int, other: int, anchor: int) -> int:
        return geometry.nearer(self.scene, one, other, anchor)
