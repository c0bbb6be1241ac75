"""What tests of caches share."""

from __future__ import annotations

import pytest

from sos_online.data.cache import stream_manifest


@pytest.fixture
def only_what_is_served_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the sample that is made to know the stream by."""
    monkeypatch.setitem(stream_manifest.__globals__, "first_sample", lambda _: "the same")
