"""Servers that are busy, slow, or not there: what is asked again, how soon, and when there is no use in it."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from sos_online.data.asking import AskingReport, patience
from sos_online.errors import SOSError
from tests.data.asking.conftest import lines
from tests.data.asking.model_server import ModelServerStandIn, Reply, Request, describe, error, first_then

Ask = Callable[..., AskingReport]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds of each wait before a request is sent again; none of them passes."""
    found: list[float] = []

    async def note(seconds: float) -> None:
        found.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(patience, "asyncio", SimpleNamespace(sleep=note))
    return found


@pytest.mark.parametrize(
    ("reply", "wait"),
    [
        (error(429, Retry_After="0.02"), 0.02),
        (error(429, Retry_After="99999999"), 0.05),
        (error(429, Retry_After="nan"), None),
        (error(503, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"), None),
        (error(500), None),
        (error(502), None),
        (Reply(b'{"choices": ', cut=True), None),
    ],
    ids=["429", "429 for years", "429 nan", "503 date", "500", "502", "cut"],
)
def test_what_may_pass_is_asked_again(
    ask: Ask, model: ModelServerStandIn, waits: list[float], reply: Reply, wait: float | None
) -> None:
    model.answer = first_then(reply, reply)
    report = ask(1)
    assert not report.failed and report.answered + report.empty == 1 and len(model.requests) == 3
    if wait is None:
        first, second = waits
        assert 0.001 <= first <= 0.0015 and 0.002 <= second <= 0.003
    else:
        assert waits == [wait] * 2


def test_waits_grow_up_to_the_longest(ask: Ask, model: ModelServerStandIn, waits: list[float]) -> None:
    model.answer = first_then(*[error(500)] * 40)
    assert ask(1, retries=40).done == 1
    assert waits == sorted(waits) and waits[6:] == [0.05] * 34


def test_retry_after_is_waited_for(ask: Ask, model: ModelServerStandIn) -> None:
    bad_then_good = first_then(error(429, Retry_After="0.4"))
    arrivals = []

    def answer(request: Request) -> Reply:
        arrivals.append(time.monotonic())
        return bad_then_good(request)

    model.answer = answer
    ask(1, longest_wait=5.0)
    first, second = arrivals
    assert second - first > 0.4


@pytest.mark.parametrize(
    "reply", [Reply(b"{}", wait=60.0), Reply(endless=True, pause=0.02)], ids=["silence", "trickle"]
)
def test_nothing_outlasts_the_timeout(ask: Ask, model: ModelServerStandIn, reply: Reply) -> None:
    """If it did, each would end at last, as a failure that is not asked about again.

    The retries are for machines so busy that now and then a good answer takes that long too.
    """
    model.answer = first_then(reply, reply)
    report = ask(1, timeout=0.5, max_bytes=64 << 20, retries=50)
    assert not report.failed and report.answered + report.empty == 1 and len(model.requests) >= 3


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (error(401, "bad key"), r"127.0.0.1:\d+/v1: wants an API key \(bad key\)"),
        (error(403), "does not allow it"),
        (error(404, "The model `m` does not exist."), r"knows no model 'm'.*\(The model `m` does not exist.\)"),
        (error(429, "quota"), r"gave no answer: HTTP 429 \(quota\)"),
        (Reply(status=302, headers={"Location": "http://127.0.0.1:9/v1"}), "sends elsewhere .HTTP 302., which is not"),
        (Reply(status=308, headers={"Location": "https://example.org/"}), "sends elsewhere"),
        (Reply(status=401, endless=True), "wants an API key"),
        (Reply(b"x", headers={"Content-Encoding": "gzip"}), "compressed response"),
        (error(400, "no json_schema here"), r"HTTP 400 \(no json_schema here\)"),
    ],
)
def test_no_use_in_going_on(ask: Ask, model: ModelServerStandIn, tmp_path: Path, reply: Reply, message: str) -> None:
    model.answer = lambda _: reply
    with pytest.raises(SOSError, match=message):
        ask(90)
    assert len(model.requests) <= 12
    assert all(line.reason == "HTTP 400" for line in lines(tmp_path))  # nothing else is noted: it was not their fault
    model.answer = describe
    assert ask(6, retry_failed=True).done == 6


def test_a_server_that_goes_away(ask: Ask, model: ModelServerStandIn, tmp_path: Path) -> None:
    model.answer = lambda request: describe(request) if len(model.requests) <= 3 else error(500)
    with pytest.raises(SOSError, match="gave no answer: HTTP 500"):
        ask(90, retries=0, concurrency=1)
    assert len(model.requests) == 3 + 20
    assert [line.state == "failed" for line in lines(tmp_path)] == [False] * 3 + [True] * 19


def test_no_server(ask: Ask) -> None:
    with socket.socket() as taken:  # by one who does not listen, so that nobody else can meanwhile
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(SOSError, match="cannot be reached"):
            ask(90, url=f"http://127.0.0.1:{taken.getsockname()[1]}/v1")


def test_so_many_at_once(ask: Ask, model: ModelServerStandIn) -> None:
    together = threading.Event()

    def once_three_are_there(request: Request) -> Reply:
        if model.under_way >= 3:
            together.set()
        together.wait(60)
        return Reply(describe(request).body, wait=0.1)  # in which a fourth would come

    model.answer = once_three_are_there
    assert ask(8, concurrency=3, retries=0, timeout=120.0).done == 8
    assert together.is_set() and model.most_at_once == 3
