"""Words in files: what readers take of an export is what the stream had, to the box and to the letter."""

from __future__ import annotations

import contextlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO

import sos_online as sos
from sos_online.data.exporting import ExportFormat, export
from sos_online.data.stream import SampleStream
from sos_online.types import Target
from tests.conftest import small_recipe
from tests.data.exporting.grounding_readers import Box, read_odvg, read_refs, xyxy
from tests.data.exporting.shapes import NAMES, Shapes
from tests.data.exporting.words import WithWords
from tests.targets.made_up import visible_masks

SAMPLES = 10
WORDY: list[ExportFormat] = ["refcoco", "grefcoco", "mdetr"]


@pytest.fixture(scope="module")
def dataset(library: sos.SegmentLibrary) -> sos.SOSDataset:
    return sos.SOSDataset(library, small_recipe(96), length=SAMPLES)


@pytest.fixture(scope="module")
def stream(dataset: sos.SOSDataset) -> WithWords:
    return WithWords(dataset)


def targets_of(stream: SampleStream, split: str | None = None) -> Iterator[tuple[int, Target]]:
    """With ``val=0.3``."""
    part = {None: range(SAMPLES), "train": range(7), "val": range(7, SAMPLES)}[split]
    return ((index, stream.sample(index)[1]) for index in part)


def boxes_of(target: Target, rows: Any = slice(None)) -> list[Box]:
    return [tuple(box) for box in target["boxes"][rows].tolist()]


@pytest.mark.parametrize("split", ["train", "val"])
def test_odvg_grounding(stream: WithWords, tmp_path: Path, split: str) -> None:
    """Box by box: the texts that its spans hold are those of the expressions that mean it; every object once."""
    export(stream, tmp_path, "odvg", val=0.3)
    found: dict[str, Counter[tuple[Box, str]]] = {}
    texts: dict[str, str] = {}
    for sample in read_odvg(tmp_path / split, tmp_path / f"annotations/odvg_grounding_{split}.jsonl"):
        assert sample.picture.is_file()
        assert len(set(sample.boxes)) == len(sample.boxes)
        pairs = found.setdefault(sample.picture.name, Counter())
        for box, label in zip(sample.boxes, sample.labels, strict=True):
            pairs.update((box, text) for text in sample.said[label])
        texts[sample.picture.name] = texts.get(sample.picture.name, "") + sample.text
    for index, target in targets_of(stream, split):
        boxes = boxes_of(target)
        name = f"{index:012d}.jpg"
        expected = Counter((boxes[row], one["text"].lower()) for one in target["expressions"] for row in one["rows"])
        assert found.pop(name) == expected
        for expression in target["expressions"]:
            assert expression["text"].lower() in texts[name], "what means nothing is text without a box"
    assert not found


@pytest.mark.parametrize("wordy", [False, True])
def test_odvg_detection(dataset: sos.SOSDataset, tmp_path: Path, wordy: bool) -> None:
    """It is there with words and without; the grounding records only with."""
    report = export(WithWords(dataset) if wordy else dataset, tmp_path, "odvg")
    files = tmp_path / "annotations"
    samples = read_odvg(tmp_path / "train", files / "odvg_detection_train.jsonl", files / "odvg_label_map.json")
    assert len(samples) == SAMPLES
    for sample, (_, target) in zip(samples, targets_of(dataset), strict=True):
        assert sample.boxes == boxes_of(target)
        names = [dataset.category_names[label - 1] for label in target["labels"]]
        assert [sample.said[label] for label in sample.labels] == [[name] for name in names]
    assert (files / "odvg_grounding_train.jsonl").exists() == wordy
    assert sorted(report.documents) == sorted(path for path in files.iterdir())
    assert export(WithWords(dataset) if wordy else dataset, tmp_path, "odvg").documents == report.documents


def test_odvg_of_a_stream_of_which_some_samples_have_words(dataset: sos.SOSDataset, tmp_path: Path) -> None:
    export(WithWords(dataset, without=range(1, SAMPLES)), tmp_path, "odvg")
    lines = (tmp_path / "annotations/odvg_grounding_train.jsonl").read_text().splitlines()
    assert {json.loads(line)["filename"] for line in lines} == {"000000000000.jpg"}
    assert len((tmp_path / "annotations/odvg_detection_train.jsonl").read_text().splitlines()) == SAMPLES


@pytest.mark.parametrize("name", ["refcoco", "grefcoco"])
def test_references(stream: WithWords, tmp_path: Path, name: ExportFormat) -> None:
    export(stream, tmp_path, name, val=0.3)
    found = {}
    for ref in read_refs(tmp_path, name):
        assert ref.picture.is_file()
        for text in ref.sentences:
            found[ref.split, ref.picture.stem, text] = ref
    scopes = Counter()
    for split in ("train", "val"):
        for index, target in targets_of(stream, split):
            masks = visible_masks(target)
            for one in target["expressions"]:
                rows = one["rows"]
                if name == "refcoco" and len(rows) != 1:
                    continue
                ref = found.pop((split, f"{index:012d}", one["text"]))
                assert ref.boxes == boxes_of(target, rows)
                assert ref.categories == [stream.category_names[target["labels"][row] - 1] for row in rows]
                assert np.array_equal(ref.mask, sum((masks[row] for row in rows), np.zeros(masks[0].shape, bool)))
                scopes[min(len(rows), 2)] += 1
    assert not found
    assert set(scopes) == ({1} if name == "refcoco" else {0, 1, 2})


@pytest.mark.parametrize("split", ["train", "val"])
def test_mdetr(stream: WithWords, tmp_path: Path, split: str) -> None:
    """As MDETR's loader takes it (no crowds, and iscrowd -1 is one to it), and as evaluations look for no-target."""
    export(stream, tmp_path, "mdetr", val=0.3)
    for name in ("refcoco", "grefcoco"):
        with contextlib.redirect_stdout(io.StringIO()):
            coco = COCO(str(tmp_path / f"annotations/finetune_{name}_{split}.json"))
        expected = [
            (
                f"{index:012d}.jpg",
                index,
                one["text"],
                boxes_of(target, one["rows"]),
                target["labels"][one["rows"]].tolist(),
            )
            for index, target in targets_of(stream, split)
            for one in target["expressions"]
            if name == "grefcoco" or len(one["rows"]) == 1
        ]
        found = []
        for image_id in sorted(coco.imgs):
            image = coco.loadImgs(image_id)[0]
            every = coco.loadAnns(coco.getAnnIds(imgIds=[image_id]))
            kept = [entry for entry in every if entry["iscrowd"] == 0 and min(entry["bbox"][2:]) > 0]
            assert image["dataset_name"] == name
            assert any(entry["category_id"] == -1 for entry in every) == (not kept)
            assert len(every) == 1 or name == "grefcoco"
            for entry in kept:
                ((begin, end),) = entry["tokens_positive"]
                assert image["caption"][begin:end] == image["caption"]
            boxes = [xyxy(entry["bbox"]) for entry in kept]
            labels = [entry["category_id"] for entry in kept]
            found.append((image["file_name"], image["original_id"], image["caption"], boxes, labels))
        assert found == expected


@pytest.mark.parametrize("kind", WORDY)
@pytest.mark.parametrize("workers", [0, 1])
def test_a_stream_without_expressions_is_refused(
    dataset: sos.SOSDataset, tmp_path: Path, kind: ExportFormat, workers: int
) -> None:
    message = "sample 0: expected expressions, which this format is made of; found none"
    with pytest.raises(sos.StreamError, match=message):
        export(dataset, tmp_path / "out", kind, workers=workers)
    some = WithWords(dataset, without=[3])
    with pytest.raises(sos.StreamError, match="sample 3: expected expressions"):
        export(some, tmp_path / "some", kind)
    assert not list(tmp_path.rglob("*refs*")) and not list(tmp_path.rglob("finetune*"))


class Shifted(WithWords):
    """Its first expression means a row that there is not."""

    def sample(self, index: int, epoch: int | None = None) -> Any:
        image, target = super().sample(index, epoch)
        target["expressions"][0]["rows"] = [len(target["labels"])]
        return image, target


@pytest.mark.parametrize("kind", [*WORDY, "odvg"])
def test_a_row_that_is_not_there_is_an_error_and_no_empty_box(
    dataset: sos.SOSDataset, tmp_path: Path, kind: ExportFormat
) -> None:
    with pytest.raises(sos.StreamError, match=r"sample 0: .*: expected rows in 0 … \d+, found \d+"):
        export(Shifted(dataset), tmp_path, kind)


def test_odd_words_and_shapes(tmp_path: Path) -> None:
    """Images without objects, masks that overlap, crowds; texts with the separator, accents, emoji."""
    export(Shapes(12), tmp_path / "odvg", "odvg")
    for sample in read_odvg(tmp_path / "odvg/train", tmp_path / "odvg/annotations/odvg_grounding_train.jsonl"):
        said = {text for texts in sample.said.values() for text in texts}
        for text in said:
            assert text in {"all of the things on the left", "the first two"} or text.startswith(
                ("the käse 🧀", "i̇t's")
            )
    texts = (tmp_path / "odvg/annotations/odvg_detection_train.jsonl").read_text()
    assert texts.isascii() and json.loads(texts.splitlines()[1])["detection"]["instances"][1]["category"] == NAMES[1]
    export(Shapes(12), tmp_path / "mdetr", "mdetr")
    content = json.loads((tmp_path / "mdetr/annotations/finetune_grefcoco_train.json").read_text())
    captions = Counter(image["caption"] for image in content["images"])
    assert captions["a purple elephant"] == captions["the tram. on the roof"] == 12
