"""`sos-online refer`, as a user types it."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from sos_online.cli import main as cli
from sos_online.cli import refer
from sos_online.data.asking import AnsweredExpressions, AnsweredParaphrases
from sos_online.data.asking.answer_format import AnswerLine
from tests.data.asking.model_server import ModelServerStandIn, Reply, Request, completion, data_of, describe, error


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServerStandIn]:
    pytest.importorskip("openai")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    if "refer" not in {group.name for group in cli.app.registered_groups}:
        monkeypatch.setattr(cli.app, "registered_groups", [*cli.app.registered_groups])
        cli.app.add_typer(refer.app, name="refer")
    server = ModelServerStandIn(describe)
    yield server
    server.close()


def words(model: ModelServerStandIn, out: Path) -> list[object]:
    return ["--server", model.url, "--model", "m", "--out", out]


def test_expressions(run: Any, model: ModelServerStandIn, tmp_path: Path) -> None:
    given = [*words(model, tmp_path / "e"), "-n", 3, "--size", 160, "--seed", 4, "--temperature", 0.5]
    status, text, _ = run("refer", *given)
    assert status == 0 and text.startswith("images: ") and "0 failed, 0 were there" in text and "dropped" in text
    assert model.requests[0]["temperature"] == 0.5
    status, text, _ = run("refer", "expressions", *given, "--json")
    assert status == 0 and json.loads(text)["there"] == 3 and len(model.requests) == 3
    recipe = sos.Recipe().replace(canvas={"sizes": [[160, 160]]})
    dataset = sos.SOSDataset(sos.SegmentLibrary.demo(), recipe, seed=4)
    answered = AnsweredExpressions(tmp_path / "e", dataset.library, proven_only=False)
    assert any(answered.for_scene(dataset.scene(i), dataset.sample(i)[1]) for i in range(3))


def test_attributes(run: Any, model: ModelServerStandIn, library: sos.SegmentLibrary, tmp_path: Path) -> None:
    def answer(request: Request) -> Reply:
        listed = data_of(request)["segments"]
        entries = [{"id": one["id"], "short_phrase": f"a {one['category']}", "features": ["grey"]} for one in listed]
        return completion(json.dumps({"segments": entries}))

    model.answer = answer
    given = [*words(model, tmp_path / "a"), "--library", library.root, "--images", "--together", 5]
    status, text, _ = run("refer", "attributes", *given, "--json")
    assert status == 0 and json.loads(text)["answered"] == 12 and len(model.requests) == 3


def test_paraphrase(run: Any, model: ModelServerStandIn, tmp_path: Path) -> None:
    model.answer = lambda _: completion('{"rewordings": [{"id": 1, "texts": ["the ball that is red"]}]}')
    (tmp_path / "t.txt").write_text("the red ball\nthe blue ball\n")
    status, text, message = run("refer", "paraphrase", tmp_path / "t.txt", *words(model, tmp_path / "p"))
    assert status == 1 and "texts: 1 answered" in text and "not in the answer" in text
    assert "error: 1 of 2 texts failed; --retry-failed asks about them again" in message
    assert AnsweredParaphrases(tmp_path / "p").of("the red ball") == ["the ball that is red"]


@pytest.mark.parametrize(
    ("reply", "more", "message"),
    [
        (error(401), [], "wants an API key"),
        (error(404, "The model `m` does not exist."), [], "knows no model 'm'"),
        (None, ["--api-key-env", "SOS_NO_SUCH_KEY"], "SOS_NO_SUCH_KEY: expected an API key in this environment"),
        (None, ["--server", "localhost:8000"], "server: url: expected a URL such as http://localhost:8000/v1"),
        (None, ["--server", "http://127.0.0.1:9/v1", "--retries", 0], "http://127.0.0.1:9/v1: cannot be reached"),
    ],
)
def test_mistakes_are_one_line(
    run: Any, model: ModelServerStandIn, tmp_path: Path, reply: Reply | None, more: list[object], message: str
) -> None:
    if reply is not None:
        model.answer = lambda _: reply
    status, text, said = run("refer", *words(model, tmp_path / "e"), "-n", 50, "--size", 64, *more)
    assert (status, text) == (1, "") and message in said and said.count("\n") == 1
    assert len(model.requests) <= 8


def test_without_openai(run: Any, model: ModelServerStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    status, _, said = run("refer", *words(model, tmp_path / "e"), "-n", 1)
    assert status == 1 and "needs openai: pip install 'sos_online[language-model]'" in said


_COMMAND = """
import sys
from sos_online.cli import main, refer
if "refer" not in {group.name for group in main.app.registered_groups}:
    main.app.add_typer(refer.app, name="refer")
sys.argv[0] = "sos-online"
main.main()
"""


@pytest.mark.parametrize(("stop", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_stopped_in_the_middle(
    run: Any, model: ModelServerStandIn, library: sos.SegmentLibrary, tmp_path: Path, stop: signal.Signals, status: int
) -> None:
    """What was answered stays, nothing is torn, and only what was not answered is asked again."""
    numbers = itertools.count(1)
    model.answer = lambda request: Reply(describe(request).body, wait=0.0 if next(numbers) <= 6 else 3600.0)
    out = tmp_path / "e"
    given = [*words(model, out), "-n", 24, "--size", 64, "--concurrency", 2, "--library", library.root]
    command = [sys.executable, "-c", _COMMAND, "refer", *map(str, given)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        while len(model.requests) < 8:  # two of them without an answer: those before have theirs, and it is written
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.01)
        process.send_signal(stop)
        said = process.communicate(timeout=600)[1]
    finally:
        process.kill()
    assert process.returncode == status
    if stop is signal.SIGINT:
        assert said == "stopped; nothing is left half-written, and the same command may be given again\n"
    content = (out / "answers.jsonl").read_bytes()
    done = [AnswerLine.parse(line, "test") for line in content.splitlines()]
    assert len(done) == 6 and all(line.state != "failed" for line in done)
    model.answer = describe
    status, text, _ = run("refer", *given, "--json")
    assert status == 0 and json.loads(text)["there"] == 6
    assert json.loads(text)["answered"] + json.loads(text)["empty"] == 18
    asked = Counter(json.dumps(request["messages"]) for request in model.requests)
    assert sorted(asked.values()) == [1] * 22 + [2] * 2  # what was under way, two at once, was asked about again
