"""Any stream with made-up expressions, as long as no recipe is needed for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sos_online.data.sample_iterator import Sample
from sos_online.data.stream import SampleStream
from sos_online.recipe import Recipe
from tests.targets.made_up import with_expressions


class WithWords(SampleStream):
    """The samples of another stream with expressions; without those if their index is in ``without``."""

    def __init__(self, stream: SampleStream, without: Sequence[int] = ()) -> None:
        super().__init__(stream.length)
        self._stream = stream
        self._without = without

    def sample(self, index: int, epoch: int | None = None) -> Sample:
        image, target = self._stream.sample(index, epoch)
        return image, target if index in self._without else with_expressions(target)

    def identity(self) -> dict[str, Any]:
        return {"kind": "with words", "stream": self._stream.identity()}

    @property
    def category_names(self) -> Sequence[str]:
        return self._stream.category_names

    @property
    def device_recipe(self) -> Recipe | None:
        return self._stream.device_recipe
