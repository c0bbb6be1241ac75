"""Under torchdata's StatefulDataLoader, with the loader's own batches."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest
from torchdata.stateful_dataloader import StatefulDataLoader

import sos_online as sos
from tests.conftest import small_recipe
from tests.data.compare import digests


def loader_of(library: sos.SegmentLibrary, workers: int, epoch: int = 1) -> Any:
    dataset = sos.SOSDataset(library, small_recipe(64), length=50, block_size=4)
    dataset.set_epoch(epoch)
    return StatefulDataLoader(dataset, batch_size=4, num_workers=workers, collate_fn=sos.collate)


def targets_of(loader: Any) -> list[str]:
    return digests([batch.images, batch.targets()] for batch in loader)


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("done", [1, 6])
def test_a_resume_goes_on_exactly(library: sos.SegmentLibrary, workers: int, done: int) -> None:
    expected = targets_of(loader_of(library, 0))
    loader = loader_of(library, workers)
    begun = targets_of(islice(loader, done))
    state = loader.state_dict()
    resumed = loader_of(library, workers, epoch=0)
    resumed.load_state_dict(state)
    assert begun + targets_of(resumed) == expected
