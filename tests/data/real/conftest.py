"""What tests of real sets share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.real.small_set import SmallSet


@pytest.fixture
def small(tmp_path: Path) -> SmallSet:
    return SmallSet(tmp_path / "set")
