"""Folders of answers: resumed, torn, damaged, shared, full; large ones."""

from __future__ import annotations

import os
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.data.asking.answer_format import LINES, STATES, AnswerLine, AnswersManifest, key_of
from sos_online.data.asking.answer_index import AnswerIndex
from sos_online.data.asking.answer_writer import AnswerWriter
from sos_online.data.asking.answers import Answers
from sos_online.errors import SOSError
from tests.conftest import resize_disk

MANIFEST = AnswersManifest(written_by="0", about="paraphrases", model="m", prompt_version=1)


def line(text: str, state: str = "answered", **more: object) -> AnswerLine:
    return AnswerLine.model_validate({"key": key_of(text), "state": state, "kept": [{"text": text}], **more})


def write(folder: Path, *texts: str) -> None:
    with AnswerWriter(folder, MANIFEST) as writer:
        for text in texts:
            writer.append(line(text))


def test_round_trip_and_later_lines_count(tmp_path: Path) -> None:
    write(tmp_path, "a", "b")
    with AnswerWriter(tmp_path, MANIFEST) as writer:
        writer.append(line("a", "failed", kept=[], reason="timeout"))
        writer.append(line("é\u2028\n", dropped={"x": 2}))
    answers = Answers(tmp_path, "paraphrases")
    assert answers.read(key_of("a")) is None and answers.index.state(key_of("a")) == "failed"
    assert answers.read(key_of("b")) == line("b") and answers.read(key_of("c")) is None
    assert answers.read(key_of("é\u2028\n")) == line("é\u2028\n", dropped={"x": 2})
    assert (len(answers), len(answers.index)) == (2, 3)


@pytest.mark.parametrize("torn", [1, 20, 60, -1])
def test_a_torn_last_line_is_cut_off(tmp_path: Path, torn: int) -> None:
    write(tmp_path, "a", "b")
    path = tmp_path / LINES
    whole = path.read_bytes()
    path.write_bytes(whole + line("c").to_bytes()[:torn])
    assert AnswerIndex(tmp_path).state(key_of("c")) is None
    write(tmp_path, "d")
    assert path.read_bytes() == whole + line("d").to_bytes()


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_damaged_byte_changes_no_answer(tmp_path_factory: pytest.TempPathFactory, at: int, bit: int) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    write(folder, "a", "b", "c")
    content = bytearray((folder / LINES).read_bytes())
    content[at % len(content)] ^= 1 << bit
    (folder / LINES).write_bytes(content)
    answers = Answers(folder, "paraphrases")
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        found = [answers.read(key_of(text)) for text in "abc"]
    assert all(one is None or one == line(text) for one, text in zip(found, "abc", strict=True))
    assert sum(one is not None for one in found) >= 1  # a newline that is gone takes two lines with it
    write(folder, "d")
    assert Answers(folder, "paraphrases").read(key_of("d")) == line("d")


def test_lines_that_are_none(tmp_path: Path) -> None:
    write(tmp_path, "a")
    with (tmp_path / LINES).open("ab") as file:
        file.write(b"\n{}\n" + b"x" * (9 << 20) + b"\n" + line("b").to_bytes())
    answers = Answers(tmp_path, "paraphrases")
    assert answers.index.strange == 3 and answers.read(key_of("b")) == line("b")


def test_two_writers(tmp_path: Path) -> None:
    with AnswerWriter(tmp_path, MANIFEST), pytest.raises(SOSError, match="another run is writing its answers here"):
        AnswerWriter(tmp_path, MANIFEST)
    write(tmp_path, "a")


def test_lines_without_a_manifest_are_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / LINES).write_bytes(b"something\n")
    with pytest.raises(SOSError, match=r"answers.json: expected what answers.jsonl beside it answers"):
        AnswerWriter(tmp_path, MANIFEST)
    assert (tmp_path / LINES).read_bytes() == b"something\n"


def test_a_full_disk(small_disk: Path) -> None:
    resize_disk(small_disk, 16)
    with AnswerWriter(small_disk / "a", MANIFEST) as writer:

        def fill() -> None:
            for number in range(1000):
                writer.append(line(str(number)))

        with pytest.raises(SOSError, match=r"answers.jsonl: cannot be written: No space left"):
            fill()
        path = small_disk / "a" / LINES
        whole = path.read_bytes()
        assert whole.endswith(b"}\n")
        resize_disk(small_disk, 64)
        writer.append(line("after"))
    assert path.read_bytes() == whole + line("after").to_bytes()


def test_against_a_dictionary(tmp_path: Path) -> None:
    rng = np.random.Generator(np.random.Philox(3))
    expected = {}
    with AnswerWriter(tmp_path, MANIFEST) as writer:
        for number in range(3000):
            text = str(rng.integers(1000))
            one = line(text, STATES[rng.integers(3)], reason=str(number))
            writer.append(one)
            expected[text] = one
    index = AnswerIndex(tmp_path)
    assert len(index) == len(expected)
    for text in map(str, range(1000)):
        assert index.state(key_of(text)) == (expected[text].state if text in expected else None)
        assert index.read(key_of(text)) == expected.get(text)


def test_memory_of_many(tmp_path: Path) -> None:
    write(tmp_path, "a")
    some = line("a", "empty", kept=[]).to_bytes()
    begin = some.index(b'"key":"') + 7
    count = 20_000
    with (tmp_path / LINES).open("wb") as file:
        for _ in range(count):
            file.write(some[:begin] + os.urandom(16).hex().encode() + some[begin + 32 :])
    tracemalloc.start()
    index = AnswerIndex(tmp_path)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(index) == count and kept < 40 * count
