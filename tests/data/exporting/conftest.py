"""What tests of exports share."""

from __future__ import annotations

import pytest

from sos_online.data.exporting import blocks as export_blocks


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports go on from where the last whole block ended."""
    monkeypatch.setattr(export_blocks, "BLOCK", 5)
