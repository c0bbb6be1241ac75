"""Words about segments, from texts and from pictures."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import sos_online as sos
from sos_online.data.asking import AnsweredWords, AskingReport, ask_all
from sos_online.data.asking.answer_writer import AnswerWriter
from sos_online.data.asking.segments import picture_url, segment_questions, words_manifest
from sos_online.errors import SOSError
from sos_online.types import Words
from tests.data.asking.conftest import settings
from tests.data.asking.model_server import ModelServerStandIn, Reply, Request, completion, data_of

Ask = Callable[..., AskingReport]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> sos.SegmentLibrary:
    """The demo library, of which only descriptions are known; the first segment has all its words."""
    words = sos.SegmentLibrary.words

    def described(self: sos.SegmentLibrary, segment: int) -> Words:
        return words(self, segment) if segment == 0 else Words(description=words(self, segment).description)

    monkeypatch.setattr(sos.SegmentLibrary, "words", described)
    return sos.SegmentLibrary.demo()


@pytest.fixture
def ask(model: ModelServerStandIn, tmp_path: Path) -> Ask:
    def ask(library: sos.SegmentLibrary, count: int, images: bool = False, together: int = 4) -> AskingReport:
        with AnswerWriter(tmp_path / "words", words_manifest(library, "m", images)) as writer:
            questions = segment_questions(library, count, images=images, together=together)
            return ask_all(questions, count, writer, settings(model))

    return ask


def say(phrase: str, *features: str) -> Callable[[Request], Reply]:
    def answer(request: Request) -> Reply:
        listed = data_of(request)["segments"]
        entries = [
            {"id": one["id"], "short_phrase": phrase.format(one["category"]), "features": list(features)}
            for one in listed
        ]
        return completion(json.dumps({"segments": entries}))

    return answer


def test_words_of_a_description(ask: Ask, model: ModelServerStandIn, bare: Any, tmp_path: Path) -> None:
    model.answer = say("a glossy {}", "glossy", "on fire", "Glossy.")
    report = ask(bare, 10)
    assert report.answered + report.empty == 9 and len(model.requests) == 3
    answered = AnsweredWords(tmp_path / "words", bare)
    assert answered.words(0) == bare.words(0) and answered.words(0).features  # its own
    for segment in range(1, 10):
        words, known = answered.words(segment), bare.words(segment).description
        assert words.description == known
        if "glossy" in known:
            assert words == Words(description=known, short_phrase="a glossy apple", features=("glossy",))
        else:
            assert words == Words(description=known)
    assert report.dropped["not in the texts"] >= 9  # nobody said that they burn
    assert answered.words(50) == bare.words(50)
    assert ask(bare, 10).there == 9 and len(model.requests) == 3


def test_one_answer_for_all_that_are_described_alike(
    ask: Ask, model: ModelServerStandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sos.SegmentLibrary, "words", lambda *_: Words(description="It is red."))
    library = sos.SegmentLibrary.demo()
    model.answer = say("a red {}", "red")
    report = ask(library, len(library))
    assert report.answered == library.num_categories and report.there == len(library) - library.num_categories
    answered = AnsweredWords(tmp_path / "words", library)
    assert all(answered.words(segment).features == ("red",) for segment in range(0, len(library), 10))


def test_nothing_known_and_no_picture(ask: Ask, model: ModelServerStandIn, library: sos.SegmentLibrary) -> None:
    report = ask(library, len(library))
    assert report.failed == {"nothing is known but the category, and no picture was sent": 4}
    assert not model.requests


def test_pictures(ask: Ask, model: ModelServerStandIn, library: sos.SegmentLibrary, tmp_path: Path) -> None:
    model.answer = say("a purple {}", "purple", "<b>bold</b>")
    report = ask(library, len(library), images=True)
    assert report.answered == len(library) and report.dropped == {"characters": len(library)}
    parts = model.requests[0]["messages"][1]["content"]
    assert [part["type"] for part in parts] == ["text", *["image_url"] * 4]
    answered = AnsweredWords(tmp_path / "words", library)
    assert answered.words(5).features == ("purple",) and answered.words(5).short_phrase.startswith("a purple ")
    with pytest.raises(SOSError, match=r"settings: expected \{'images': False\}, as asked for"):
        ask(library, 3)
    with pytest.raises(SOSError, match="library: expected"):
        AnsweredWords(tmp_path / "words", sos.SegmentLibrary.demo())


def test_a_picture_is_the_segment_on_grey(library: sos.SegmentLibrary) -> None:
    segment = max(range(len(library)), key=lambda row: library.size_wh(row))
    head, _, content = picture_url(library, segment).partition(",")
    assert head == "data:image/jpeg;base64"
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(content), np.uint8), cv2.IMREAD_COLOR_RGB)
    level = len(library.level_sizes(segment)) - 1
    alpha = library.alpha(segment, level)[..., None] / 255.0
    expected = library.colour(segment, level) * alpha + 127 * (1 - alpha)
    assert picture.shape == expected.shape and np.abs(picture - expected).mean() < 4


@pytest.mark.parametrize("ids", [[], [1, 1, 2, 3, 4], [7], [1, 2, 3]])
def test_segments_that_the_answer_leaves_out(
    ask: Ask, model: ModelServerStandIn, library: sos.SegmentLibrary, ids: list[int]
) -> None:
    entries = [{"id": number, "short_phrase": "a dot", "features": ["red"]} for number in ids]
    model.answer = lambda _: completion(json.dumps({"segments": entries}))
    report = ask(library, 4, images=True)
    right = sum(ids.count(number) == 1 for number in range(1, 5))
    assert report.answered == right
    assert report.failed == ({"not in the answer": 4 - right} if right < 4 else {})
