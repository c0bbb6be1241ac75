"""What a mirror may be called, how large it may be, and where it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sos_online as sos
from sos_online.storage import user_cache
from sos_online.storage.mirror_limit import mirror_limit
from sos_online.storage.names import check_name


@given(parts=st.lists(st.sampled_from(["", ".", "..", "a", "b c", "…", "..a", "C:", "\\"]), max_size=5))
def test_names_that_pass_stay_inside(parts: list[str]) -> None:
    name = "/".join(parts)
    try:
        check_name(name, "here")
    except sos.SOSError:
        return
    assert os.path.normpath(f"/root/{name}") == f"/root/{name}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 50 * 10**9), ("500", 500), ("200GB", 200 * 10**9), ("1.5tb", 15 * 10**11), ("3 MB", 3 * 10**6), ("7k", 7000)],
)
def test_limits(text: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOS_MIRROR_LIMIT", text)
    assert mirror_limit() == expected


@pytest.mark.parametrize("text", ["0", "-1GB", "much", "1e3", "0.1", "5PB"])
def test_limits_that_are_none(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOS_MIRROR_LIMIT", text)
    with pytest.raises(sos.SOSError, match="SOS_MIRROR_LIMIT: expected a size"):
        mirror_limit()


def test_the_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    monkeypatch.setenv("SOS_CACHE", "/own")
    assert user_cache() == Path("/own/sos_online")
    monkeypatch.setenv("SOS_CACHE", "")
    assert user_cache() == Path("/xdg/sos_online")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert user_cache() == Path.home() / ".cache" / "sos_online"
