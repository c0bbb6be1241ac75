"""Rewordings: asked for, checked, read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sos_online.data.asking import AnsweredParaphrases, ask_all
from sos_online.data.asking.answer_writer import AnswerWriter
from sos_online.data.asking.paraphrases import paraphrases_manifest, read_texts, text_questions
from sos_online.errors import SOSError
from tests.data.asking.conftest import settings
from tests.data.asking.model_server import ModelServerStandIn, Reply, Request, completion, data_of


def test_from_a_file_to_rewordings(model: ModelServerStandIn, tmp_path: Path) -> None:
    def reword(request: Request) -> Reply:
        entries = []
        for one in data_of(request)["phrases"]:
            noun = one["text"].removeprefix("the red ")
            said = [
                f"The {noun} that is red.",
                f"the {noun} that is red",
                f"the blue {noun}",
                f"the red, {noun}",
                "x\ny",
            ]
            entries.append({"id": one["id"], "texts": said})
        return completion(json.dumps({"rewordings": entries}))

    model.answer = reword
    (tmp_path / "texts.txt").write_text("the red ball\n\nthe red mug\nthe red ball\nthe red lamp\n")
    texts = read_texts(tmp_path / "texts.txt")
    assert texts == ["the red ball", "the red mug", "the red lamp"]
    with AnswerWriter(tmp_path / "out", paraphrases_manifest("m", 2)) as writer:
        report = ask_all(text_questions(texts, 2, together=2), 3, writer, settings(model))
    assert (report.answered, report.kept, len(model.requests)) == (3, 6, 2)
    assert report.dropped == {"duplicate text": 3, "word new": 3, "characters": 3}
    answered = AnsweredParaphrases(tmp_path / "out")
    assert answered.of("the red mug") == ["the mug that is red", "the red, mug"]
    assert answered.of("the mug") == [] and len(answered) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"fine\nbad \x1b[0m\n", r"line 2: expected a phrase of plain words, found 'bad \\x1b\[0m' \(characters\)"),
        (b"x" * 300, r"line 1: .*\(text too long\)"),
        (b"\xff\xfe", "expected text in UTF-8"),
        (None, "cannot be read: No such file"),
    ],
)
def test_texts_that_are_none(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "texts.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SOSError, match=message):
        read_texts(path)
