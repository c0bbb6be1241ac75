"""A stand-in for a language model, and a stream to ask it about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from sos_online.data.asking import AskingReport, ModelServer, ask_all
from sos_online.data.asking.answer_format import AnswerLine
from sos_online.data.asking.answer_writer import AnswerWriter
from sos_online.data.asking.client import ChatClient
from sos_online.data.asking.scenes import expressions_manifest, scene_questions
from tests.conftest import small_recipe
from tests.data.asking.model_server import ModelServerStandIn, completion, describe


@pytest.fixture(scope="session")
def loaded_client() -> None:
    """The client has sent a request: what it imports for its first, in seconds, counts towards no test's timeout."""
    pytest.importorskip("openai")
    server = ModelServerStandIn(lambda _: completion("here"))

    async def ask() -> str:
        async with ChatClient(settings(server, timeout=600.0)) as client:
            return await client.ask([{"role": "user", "content": "there?"}], {})

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("NO_PROXY", "127.0.0.1")
        assert asyncio.run(ask()) == "here"
    server.close()


@pytest.fixture
def model(loaded_client: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServerStandIn]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ModelServerStandIn(describe)
    yield server
    server.close()


def settings(server: ModelServerStandIn, **changes: Any) -> ModelServer:
    """Asks again at once, and leaves a busy machine the time to answer."""
    quick = {"first_wait": 0.001, "longest_wait": 0.05, "retries": 2, "timeout": 60.0, "concurrency": 4}
    return ModelServer.parse(**{"url": server.url, "model": "m", **quick, **changes})


@pytest.fixture
def dataset() -> sos.SOSDataset:
    recipe = small_recipe(objects=[3, 6])
    return sos.SOSDataset(sos.SegmentLibrary.demo(), recipe, seed=5, length=100)


@pytest.fixture
def ask(dataset: sos.SOSDataset, model: ModelServerStandIn, tmp_path: Path) -> Callable[..., AskingReport]:
    """``ask(samples, **changes)`` asks about the first samples, into ``tmp_path / "answers"``."""

    def ask(samples: int, retry_failed: bool = False, **changes: Any) -> AskingReport:
        with AnswerWriter(tmp_path / "answers", expressions_manifest(dataset, "m")) as writer:
            questions = scene_questions(dataset, samples)
            return ask_all(questions, samples, writer, settings(model, **changes), retry_failed=retry_failed)

    return ask


def lines(tmp_path: Path) -> list[AnswerLine]:
    """What ``ask`` has written, in order."""
    path = tmp_path / "answers/answers.jsonl"
    return [AnswerLine.parse(line, "test") for line in path.read_bytes().splitlines()]
