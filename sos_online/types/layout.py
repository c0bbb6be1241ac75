"""Data that layouts are drawn from: boxes of pictures as they are, and what was learnt from them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

Float32s = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


class _Arrays:
    """Base of plain records of arrays: a hash of all they hold."""

    def fingerprint(self) -> str:
        """Hash of the content: equal for equal data, whatever file it came from."""
        digest = hashlib.sha256()
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            digest.update(field.name.encode())
            for part in value if isinstance(value, tuple) else (value,):
                if isinstance(part, np.ndarray):
                    digest.update(f"{part.dtype.name}{part.shape}".encode())
                    digest.update(np.ascontiguousarray(part).data)
                else:
                    digest.update(repr(part).encode())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class BoxTable(_Arrays):
    """Boxes of pictures, one picture after the other; columns may be mapped from a file.

    Attributes:
        edges: x1, y1, x2 and y2, float32 ``[boxes]`` each, shares of the picture's width and height: 0 <= x1 < x2 <= 1.
        starts: int64 ``[pictures + 1]``: picture ``i`` has boxes ``starts[i]`` to ``starts[i + 1]``, one at least.
        names: of the categories; case-folded, composed Unicode, single blanks. None if the boxes have none.
        categories: int32 ``[boxes]``, positions in ``names``; empty if there are none.
    """

    edges: tuple[Float32s, Float32s, Float32s, Float32s]
    starts: Ints
    names: tuple[str, ...] | None
    categories: npt.NDArray[np.int32]

    def __len__(self) -> int:
        """How many pictures."""
        return len(self.starts) - 1

    @property
    def num_boxes(self) -> int:
        return len(self.edges[0])

    def rows(self, picture: int) -> slice:
        """Where a picture's boxes are."""
        return slice(int(self.starts[picture]), int(self.starts[picture + 1]))

    def boxes(self, picture: int) -> npt.NDArray[np.float64]:
        """A picture's boxes, ``[n, 4]``, XYXY in shares of its sides."""
        rows = self.rows(picture)
        return np.stack([edge[rows] for edge in self.edges], 1).astype(np.float64)


@dataclass(frozen=True, eq=False)
class LearnedLayout(_Arrays):
    """What ``plan.layout.fit`` learns from a real set; :mod:`sos_online.plan.layout.learned` says how it is drawn from.

    A box is four numbers: its place in the free room that its width and its height leave, 0 … 1 each (0 and 1: it
    touches that border, NaN: it spans the picture); its size, the log-odds of its share of the picture, less
    ``size_by_count`` times the logarithm of the number of objects in the picture; and its shape, the logarithm of
    width / height in pixels.

    Attributes:
        names: of the categories, as in :class:`BoxTable`.
        images, instances: int64 ``[categories]``: pictures that have one, and objects in all.
        object_counts, images_with: int64 each: so many pictures have so many objects.
        pair_of, pair_with: int32 ``[pairs]``, positions in ``names``, ``pair_of <= pair_with``.
        pair_weight: float64 ``[pairs]``: over all objects of the one, the sum of the share that the other has among
            the further objects of its picture; the same with the two exchanged.
        repeat: 0 … 1, how much more alike the objects of a picture are than their pairs tell.
        size_by_count: how sizes change with the number of objects: about -1, as all together cover about the same.
        boxes: float32 ``[boxes, 4]``, examples, by category.
        box_starts: int64 ``[categories + 1]``.
        spread: float64 ``[categories, 4]``: standard deviation of each number; of a rare category, near that of all.
    """

    names: tuple[str, ...]
    images: Ints
    instances: Ints
    object_counts: Ints
    images_with: Ints
    pair_of: npt.NDArray[np.int32]
    pair_with: npt.NDArray[np.int32]
    pair_weight: npt.NDArray[np.float64]
    repeat: float
    size_by_count: float
    boxes: Float32s
    box_starts: Ints
    spread: npt.NDArray[np.float64]


LayoutData = BoxTable | LearnedLayout
