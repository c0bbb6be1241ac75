"""What one room needs of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sos_online.types.expression import Expression
from sos_online.types.quality import Measure
from sos_online.types.scene import Scene
from sos_online.types.values import Pixels, Target
from sos_online.types.words import Words


class SegmentIndex(Protocol):
    """What planning needs to know about a library: counts, ranges and sizes, never pixels.

    ``groups`` are the ranges of rows that share a category and a source, in row order.
    """

    @property
    def num_categories(self) -> int: ...
    @property
    def num_sources(self) -> int: ...
    @property
    def category_names(self) -> Sequence[str]:
        """Category ``c`` is ``category_names[c - 1]``."""
        ...

    def categories_by_name(self) -> Mapping[str, Sequence[int]]:
        """Ids of the categories that a name may mean, by what ``ops.names.fold`` makes of it: the one whose own name it
        is, or in which it is joined, or else all of which a source states it as a synonym. Made when asked for."""
        ...

    @property
    def source_names(self) -> Sequence[str]: ...

    @property
    def category_image_shares(self) -> npt.NDArray[np.float64]:
        """``[num_categories]``: share of the images of its annotation files in which a category is, 0 … 1; NaN where
        none says so."""
        ...

    @property
    def category_starts(self) -> npt.NDArray[np.int64]:
        """``[num_categories + 1]``: category ``c`` holds rows ``category_starts[c - 1]`` to ``category_starts[c]``, or
        none."""
        ...

    def group_starts(self, source: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """First rows of the source's groups, and the cumulated sizes before each group (one longer: the total last)."""
        ...

    def __len__(self) -> int: ...
    def size_wh(self, segment: int) -> tuple[int, int]:
        """Width and height of the crop at its largest stored level, pixels."""
        ...

    def opaque(self, segment: int) -> int:
        """Pixels of alpha >= 128 at that level."""
        ...

    def quality(self, measure: Measure) -> npt.NDArray[Any]:
        """One measure of every segment, ``[len(self)]``, mapped: see ``types.quality``."""
        ...


class SegmentPixels(Protocol):
    """What compositing needs: a segment's crop at several sizes ("levels", small to large)."""

    def level_sizes(self, segment: int) -> Sequence[tuple[int, int]]:
        """(width, height) of each level, small to large."""
        ...

    def alpha(self, segment: int, level: int) -> Pixels:
        """uint8 ``[h, w]``. Raises ``BrokenSegmentError``."""
        ...

    def colour(self, segment: int, level: int) -> Pixels:
        """uint8 ``[h, w, 3]``: RGB, straight, bled under the edge. Raises ``BrokenSegmentError``."""
        ...


class SegmentWords(Protocol):
    """What is known of segments in words, beyond what their library says."""

    def words(self, segment: int) -> Words:
        """Of one segment. Raises ``BrokenSegmentError``."""
        ...

    def fingerprint(self) -> str:
        """Another one for other words."""
        ...


class SceneExpressions(Protocol):
    """Expressions about scenes, made before."""

    def for_scene(self, scene: Scene, target: Target) -> list[Expression] | None:
        """Those that are true of a scene's target, as rows of it; None if there are none for it."""
        ...

    def fingerprint(self) -> str:
        """Another one for other expressions."""
        ...


class PhotoPixels(Protocol):
    """What painting a photo background needs."""

    def __len__(self) -> int: ...
    def read(self, photo: int, at_least_hw: tuple[int, int]) -> Pixels:
        """uint8 ``[h, w, 3]``, RGB, upright; may be decoded smaller as long as it covers ``at_least_hw``.

        Raises ``BrokenPhotoError``.
        """
        ...
