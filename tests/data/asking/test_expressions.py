"""From a stream's scenes to expressions by a model that does its best."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
import torch
from torchvision.transforms.v2.functional import horizontal_flip

import sos_online as sos
from sos_online.compose import VisibilityRule
from sos_online.data.asking import AnsweredExpressions, AskingReport
from sos_online.data.asking.answer_format import MANIFEST
from sos_online.data.asking.answer_writer import AnswerWriter
from sos_online.data.asking.scenes import expressions_manifest
from sos_online.errors import SOSError
from sos_online.types import Scene, SolidBackground, Target
from tests.data.asking.model_server import ModelServerStandIn, data_of


def test_what_is_asked_and_kept(
    ask: Callable[..., AskingReport], dataset: sos.SOSDataset, model: ModelServerStandIn, tmp_path: Path
) -> None:
    report = ask(4)
    assert report.answered + report.empty == 4 and report.answered and not report.failed
    assert len(model.requests) == 4 and set(model.paths) == {"/v1/chat/completions"}
    request = model.requests[0]
    assert request["model"] == "m" and "temperature" not in request and not request.get("stream")
    assert request["response_format"]["json_schema"]["strict"] is True
    assert all("Authorization" not in headers for headers in model.headers)
    answered = AnsweredExpressions(tmp_path / "answers", dataset.library, proven_only=False)
    assert len(answered) == report.answered and answered.model == "m"
    kept = 0
    for index in range(4):
        _, target = dataset.sample(index)
        names = [dataset.category_names[label - 1] for label in target["labels"]]
        for expression in answered.for_scene(dataset.scene(index), target) or []:
            kept += 1
            (row,) = expression["rows"]
            side, name = expression["text"].removeprefix("the ").split(" ", 1)
            assert names[row] == name and expression["kind"] == "position"
            centres = (target["boxes"][:, 0] + target["boxes"][:, 2]).tolist()
            rivals = [centre for centre, other in zip(centres, names, strict=True) if other == name]
            assert centres[row] == (min(rivals) if side == "leftmost" else max(rivals))
    assert kept == report.kept


def test_a_stream_that_is_asked_again_asks_nothing(
    ask: Callable[..., AskingReport], model: ModelServerStandIn, tmp_path: Path
) -> None:
    ask(3)
    before = (tmp_path / "answers/answers.jsonl").read_bytes()
    report = ask(5)
    assert (report.there, report.answered + report.empty) == (3, 2) and len(model.requests) == 5
    assert (tmp_path / "answers/answers.jsonl").read_bytes().startswith(before)


def test_light_and_background_do_not_matter_and_rows_do(
    ask: Callable[..., AskingReport], dataset: sos.SOSDataset, tmp_path: Path
) -> None:
    ask(3)
    answered = AnsweredExpressions(tmp_path / "answers", dataset.library, proven_only=False)
    index = next(i for i in range(3) if answered.for_scene(dataset.scene(i), dataset.sample(i)[1]))
    scene, (_, target) = dataset.scene(index), dataset.sample(index)
    expected = answered.for_scene(scene, target)
    other = replace(scene, background=SolidBackground((1, 2, 3)))
    assert answered.for_scene(other, target) == expected
    assert answered.for_scene(replace(scene, placements=scene.placements[:-1]), target) is None
    assert answered.for_scene(dataset.scene(50), target) is None
    fewer = {**target, "segment_ids": target["segment_ids"][:-1], "labels": target["labels"][:-1]}
    assert answered.for_scene(scene, fewer) is None
    mirrored = {**target, "boxes": horizontal_flip(target["boxes"])}
    assert answered.for_scene(scene, mirrored) == []  # all of them speak of sides
    moved = {**target, "boxes": target["boxes"] + torch.tensor([1.0, 0, 1, 0])}
    assert answered.for_scene(scene, moved) == expected
    assert AnsweredExpressions(tmp_path / "answers", dataset.library, VisibilityRule(min_pixels=9)).for_scene(
        scene, target
    ) is None  # fmt: skip
    only = AnsweredExpressions(tmp_path / "answers", dataset.library, proven_only=True).for_scene(scene, target)
    assert only is not None and all(expression in expected for expression in only)


_Shown = list[tuple[Scene, Target]]


def _found(answered: AnsweredExpressions, shown: _Shown, times: int = 1) -> list[list[Any]]:
    return [[answered.for_scene(scene, target) for scene, target in shown] for _ in range(times)]


def _send_found(answered: AnsweredExpressions, shown: _Shown, to: Connection) -> None:
    to.send(_found(answered, shown, times=1000))  # often, so that two that share a file's position meet


def _found_in_forks(answered: AnsweredExpressions, shown: _Shown) -> list[list[Any]]:
    """What this process finds, and what two find that are forked from it afterwards."""
    context = multiprocessing.get_context("fork")
    every, pipes, processes = _found(answered, shown), [], []
    for _ in range(2):
        receiver, sender = context.Pipe(duplex=False)
        processes.append(context.Process(target=_send_found, args=(answered, shown, sender)))
        processes[-1].start()
        sender.close()  # one that dies is then the end of what is to be received
        pipes.append(receiver)
    for receiver in pipes:
        every += receiver.recv()
    for process in processes:
        process.join()
    return every


def test_other_processes(ask: Callable[..., AskingReport], dataset: sos.SOSDataset, tmp_path: Path) -> None:
    """A spawned one, and two forked from that: threads of the server run in this one, which is not to be forked."""
    ask(3)
    answered = AnsweredExpressions(tmp_path / "answers", dataset.library, proven_only=False)
    shown = [(dataset.scene(i), dataset.sample(i)[1]) for i in range(3)]
    (expected,) = _found(answered, shown)
    assert any(expected)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as spawned:
        assert spawned.submit(_found_in_forks, answered, shown).result() == [expected] * 2001


def test_a_scene_without_objects_is_not_asked_about(
    model: ModelServerStandIn, dataset: sos.SOSDataset, ask: Callable[..., AskingReport]
) -> None:
    dataset.recipe = dataset.recipe.replace(visibility={"min_pixels": 10**9})
    report = ask(2)
    assert (report.empty, report.answered, model.requests) == (2, 0, [])


def test_epochs_follow_each_other(
    model: ModelServerStandIn, dataset: sos.SOSDataset, ask: Callable[..., AskingReport]
) -> None:
    dataset.length = 2
    ask(3)
    shown = sorted(str(data_of(request)["objects"]) for request in model.requests)
    assert len(set(shown)) == 3  # the third is the first of the second epoch


def test_other_answers_are_refused(ask: Callable[..., AskingReport], dataset: sos.SOSDataset, tmp_path: Path) -> None:
    ask(1)
    with pytest.raises(SOSError, match=r"answers.json: model: expected 'other', as asked for, found 'm'"):
        AnswerWriter(tmp_path / "answers", expressions_manifest(dataset, "other"))
    with pytest.raises(SOSError, match=r"expected a folder of expressions"):
        AnsweredExpressions(tmp_path, dataset.library)
    manifest = tmp_path / "answers" / MANIFEST
    manifest.write_bytes(manifest.read_bytes().replace(b'"model": "m"', b'"model": "n"'))
    with pytest.raises(SOSError, match="checksum"):
        AnsweredExpressions(tmp_path / "answers", dataset.library)
