"""Batches for Grounding DINO: phrases are found again in the text, and boxes get the tokens of those that mean them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils.data import DataLoader

import sos_online as sos
from sos_online.data.adapters import GroundingDinoCollate, grounding_dino_answers, grounding_dino_loss
from sos_online.types import Target
from tests.conftest import small_recipe
from tests.data.exporting.shapes import Shapes
from tests.targets.made_up import nothing, rectangle, target_of, with_crowd
from tests.train_example import load_example

transformers = pytest.importorskip("transformers")
tiny = load_example("tiny_grounding_dino")
PROCESSOR = tiny.tiny_processor()
Sample = tuple[Tensor, Target]


@pytest.fixture(autouse=True, scope="module")
def no_network() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield


def collate_of(dataset: sos.SampleStream | None = None, **options: Any) -> GroundingDinoCollate:
    return GroundingDinoCollate(PROCESSOR, dataset or Shapes(1), **{"do_resize": False, **options})


def sample_of(expressions: Sequence[tuple[str, Sequence[int]]], *, rows: int = 4, image_id: int = 0) -> Sample:
    """A picture of bars, and what is said of them."""
    size_hw = 40, 12 * rows
    target = target_of([rectangle(size_hw, 12 * row, row, 12 * row + 8, 30 + row) for row in range(rows)], size_hw)
    said = [{"text": text, "rows": list(meant), "kind": "mixed"} for text, meant in expressions]
    return torch.zeros(3, *size_hw, dtype=torch.uint8), {**target, "image_id": image_id, "expressions": said}


def label_maps(batch: Any) -> Any:
    """The model's own view: which tokens are which phrase."""
    from transformers.models.mm_grounding_dino.modeling_mm_grounding_dino import build_label_maps

    return build_label_maps(torch.zeros(len(batch["input_ids"]), 1, 256), batch["input_ids"])


def spelt(text: str) -> str:
    """What is left of a text in letters, without blanks."""
    plain = [c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn"]
    return "".join("".join(plain).replace(".", "").replace("?", "").split())


def read(batch: Any, image: int, marked: Tensor) -> str:
    return "".join(
        PROCESSOR.tokenizer.decode(batch["input_ids"][image][marked[: batch["input_ids"].shape[1]].bool()]).split()
    )


def phrases_of_rows(batch: Any, image: int) -> list[set[str]]:
    """For each box, the phrases that its tokens are: whole ones of the model's label map, and nothing beside them."""
    found = []
    for tokens in batch["labels"][image]["positive_map"]:
        whole = torch.nn.functional.pad(tokens, (0, 256 - len(tokens)))
        maps = [phrase for phrase in label_maps(batch)[image].bool() if (phrase & whole).any()]
        assert torch.equal(torch.stack(maps).any(0), whole)
        found.append({read(batch, image, phrase) for phrase in maps})
    return found


TEXT = st.text(alphabet="abé Öñ-'\"7.?&()/:", max_size=12)
EXPRESSIONS = st.lists(st.tuples(TEXT, st.lists(st.integers(0, 3), max_size=3)), max_size=6)


@given(st.lists(EXPRESSIONS, min_size=1, max_size=3))
@settings(max_examples=150)
def test_labels_are_the_phrases(images: list[list[tuple[str, list[int]]]]) -> None:
    """Decoded, the tokens of each box are the phrases that mean it, also in a batch of several texts."""
    batch = collate_of()([sample_of(said) for said in images])
    for image, said in enumerate(images):
        texts = [phrase for phrase in label_maps(batch)[image].bool() if phrase.any()]
        assert {read(batch, image, phrase) for phrase in texts} == {spelt(text) for text, _ in said} - {""}
        meant = {row: {spelt(text) for text, rows in said if row in rows} - {""} for row in range(4)}
        assert phrases_of_rows(batch, image) == [phrases for _, phrases in sorted(meant.items()) if phrases]
        labels = batch["labels"][image]
        firsts = [read(batch, image, texts[number]) for number in labels["class_labels"]]
        assert all(first in phrases for first, phrases in zip(firsts, phrases_of_rows(batch, image), strict=True))


@given(st.lists(st.tuples(st.text(max_size=20), st.lists(st.integers(0, 3), max_size=2)), max_size=8))
@settings(max_examples=150)
def test_any_text_at_all(said: list[tuple[str, list[int]]]) -> None:
    """Emoji, marks, other scripts, ``[SEP]``: phrases stay whole, and no text is too long."""
    batch = collate_of(max_tokens=40)([sample_of([*said, ("[SEP] a [CLS] b [PAD]", [0]), ("\ud83c half", [1])])])
    assert batch["input_ids"].shape[1] <= 40
    assert len(label_maps(batch)[0]) <= len(said) + 2
    assert all(phrases_of_rows(batch, 0))
    assert len(batch["labels"][0]["boxes"]) <= 4


def test_text_that_its_processor_would_make() -> None:
    """At inference, prompts come from the processor: the tokens are the same."""
    batch = collate_of()([sample_of([("The red-apple", [0])]), sample_of([("two mugs", [1, 2])])])
    pictures = torch.zeros(2, 3, 40, 48, dtype=torch.uint8)
    expected = PROCESSOR(images=pictures, text=[["The red-apple"], ["two mugs"]], padding=True, return_tensors="pt")
    for key in ("input_ids", "attention_mask", "token_type_ids"):
        assert torch.equal(batch[key], expected[key])


@pytest.mark.parametrize(
    ("said", "rows"),
    [
        ([], []),  # nothing said
        ([("a mug", [])], []),  # nothing meant
        ([("a mug", [1]), ("A  Mug.", [3])], [{"amug"}, {"amug"}]),  # said twice, of different objects
        ([("a mug", [1]), ("the cup", [1])], [{"amug", "thecup"}]),  # one object, meant twice
        ([("🍎", [0]), ("a 🍎", [1])], [{"a[UNK]"}]),  # nothing that the vocabulary knows
        ([("x " * 300, [0]), ("a mug", [1])], [{"amug"}]),  # too long
    ],
)
def test_what_becomes_of_phrases(said: list[tuple[str, list[int]]], rows: list[set[str]]) -> None:
    batch = collate_of()([sample_of(said)])
    assert phrases_of_rows(batch, 0) == rows


def test_what_does_not_fit_is_left_out_with_its_boxes() -> None:
    """One phrase or another, by chance; a short one still fits."""
    said = [("b " * 200, [0]), ("c " * 80, [1]), ("d " * 30, [2])]
    found = [phrases_of_rows(collate_of(seed=seed)([sample_of(said)]), 0) for seed in range(12)]
    assert sorted({min(rows[0]) for rows in found}) == ["b" * 200, "c" * 80]
    assert all(rows[1:] == [{"d" * 30}] for rows in found)


def test_crowds_have_no_box_and_are_not_denied() -> None:
    image = torch.zeros(3, 48, 32, dtype=torch.uint8)
    said = [{"text": text, "rows": rows, "kind": "mixed"} for text, rows in [("both", [0, 1]), ("a crowd", [1])]]
    batch = collate_of()([(image, {**with_crowd(), "expressions": said})])
    assert phrases_of_rows(batch, 0) == [{"both"}]
    assert len(label_maps(batch)[0]) == 1


def test_names_of_categories() -> None:
    """What is in the image, and what its source looked for."""
    image, target = Shapes(6).sample(5)
    batch = collate_of()([(image, with_crowd())])
    assert phrases_of_rows(batch, 0) == [{spelt("Käse 🧀").replace("🧀", "[UNK]")}]
    said = {read(batch, 0, phrase) for phrase in label_maps(batch)[0]}
    assert said == {"kase[UNK]", "cat"}, "the third is a crowd: neither here nor absent"
    federated = {**with_crowd(), "neg_category_ids": torch.tensor([], dtype=torch.int64)}
    assert len(label_maps(collate_of()([(image, federated)]))[0]) == 1
    assert len(label_maps(collate_of(negatives=0)([(image, with_crowd())]))[0]) == 1
    assert target["image_id"] == 0


def test_names_are_a_function_of_the_image(library: sos.SegmentLibrary) -> None:
    dataset = sos.SOSDataset(library, small_recipe(64), length=8)
    samples = [dataset.sample(index) for index in range(8)]
    texts = [collate_of(dataset, negatives=1)([sample])["input_ids"].tolist() for sample in samples]
    again = collate_of(dataset, negatives=1)(samples[::-1])["input_ids"]
    for text, row in zip(texts, reversed(again), strict=True):
        assert row[: len(text[0])].tolist() == text[0] and not row[len(text[0]) :].any()
    other_seed = [collate_of(dataset, negatives=1, seed=1)([sample])["input_ids"].tolist() for sample in samples]
    assert texts != other_seed


def test_boxes_are_shares_of_the_picture_without_its_padding() -> None:
    """As the model's proposals are: the same ones for a picture with padding and without."""
    small, large = sample_of([("all", range(2))], rows=2), sample_of([("all", range(5))], rows=5)
    batch = collate_of()([small, large])
    assert batch["pixel_values"].shape == (2, 3, 40, 60) and batch["pixel_mask"][0].sum() == 40 * 24
    for (image, target), labels in zip([small, large], batch["labels"], strict=True):
        height, width = image.shape[-2:]
        centre, sides = (labels["boxes"] * torch.tensor([width, height] * 2)).split(2, dim=1)
        assert torch.allclose(
            torch.cat([centre - sides / 2, centre + sides / 2], 1), target["boxes"].as_subclass(Tensor)
        )
        assert labels["orig_size"].tolist() == [height, width]
    propose = tiny.tiny_model().model.generate_encoder_output_proposals
    whole = propose(torch.zeros(1, 8, 32), torch.zeros(1, 8, dtype=torch.bool), [(2, 4)])[1]
    padding = torch.tensor([[False] * 4 + [True] * 2] * 2).reshape(1, 12)
    padded = propose(torch.zeros(1, 12, 32), padding, [(2, 6)])[1].reshape(2, 6, 4)[:, :4]
    assert torch.allclose(padded, whole.reshape(2, 4, 4))


def labels_of(rows: int, tokens: int, generator: torch.Generator) -> dict[str, Tensor]:
    positive = torch.rand(rows, tokens, generator=generator) < 0.3
    positive[:, 1] = True
    return {"boxes": torch.rand(rows, 4, generator=generator) * 0.4 + 0.1, "positive_map": positive}


def test_the_loss_is_that_of_the_images_one_by_one() -> None:
    """Against the model's own loss on batches of one, where it can mix nothing up."""
    from transformers.loss.loss_grounding_dino import GroundingDinoForObjectDetectionLoss

    generator = torch.Generator().manual_seed(0)
    counts = [2, 0, 5, 1]
    config = transformers.MMGroundingDinoConfig(decoder_layers=2, auxiliary_loss=True)
    labels = [labels_of(count, 9, generator) for count in counts]
    outputs = {
        "logits": torch.randn(4, 12, 16, generator=generator),
        "boxes": torch.rand(4, 12, 4, generator=generator),
        "outputs_class": torch.randn(2, 4, 12, 16, generator=generator),
        "outputs_coord": torch.rand(2, 4, 12, 4, generator=generator),
        "encoder_logits": torch.randn(4, 12, 16, generator=generator),
        "encoder_pred_boxes": torch.rand(4, 12, 4, generator=generator),
    }
    text_mask = torch.zeros(4, 12, 16, dtype=torch.bool)
    text_mask[..., :9] = True

    def loss_of(function: Any, chosen: slice, labels: Any, maps: Any) -> Tensor:
        stages = {
            name: value[:, chosen] if name in ("outputs_class", "outputs_coord") else value[chosen]
            for name, value in outputs.items()
        }
        total, _, _ = function(
            stages.pop("logits"),
            labels,
            torch.device("cpu"),
            stages.pop("boxes"),
            config,
            maps,
            text_mask[chosen],
            **stages,
        )
        assert isinstance(total, Tensor)
        return total

    expected = torch.zeros(())
    for image, count in enumerate(counts):
        maps = torch.nn.functional.pad(labels[image]["positive_map"], (0, 7))
        numbered = [{"boxes": labels[image]["boxes"], "class_labels": torch.arange(count)}]
        alone = loss_of(GroundingDinoForObjectDetectionLoss, slice(image, image + 1), numbered, [maps])
        expected = expected + alone * max(count, 1) / sum(counts)
    assert torch.allclose(loss_of(grounding_dino_loss, slice(0, 4), labels, [None] * 4), expected, rtol=1e-5)


def test_a_model_takes_a_batch_of_everything(library: sos.SegmentLibrary) -> None:
    """Expressions, names of categories, no object at all, nothing to say; light made in a worker; with bfloat16 too."""
    dataset = sos.SOSDataset(library, small_recipe(64, light=sos.Recipe().light), length=2, block_size=2)
    collate = collate_of(dataset, do_resize=True, size={"height": 64, "width": 64})
    model = tiny.tiny_model().train()
    model.loss_function = grounding_dino_loss
    (batch,) = DataLoader(dataset, batch_size=2, num_workers=1, collate_fn=collate)
    assert all(len(labels["boxes"]) for labels in batch["labels"])
    loss = model(**batch).loss
    loss.backward()
    assert loss.isfinite()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters() if parameter.grad is not None)
    empty = torch.zeros(3, 40, 50, dtype=torch.uint8), nothing()
    batch = collate([sample_of([("a mug", [0, 1]), ("no such thing", [])]), empty, sample_of([]), dataset.sample(1)])
    with torch.autocast("cpu", torch.bfloat16):
        outputs = model(**batch)
    assert outputs.loss.isfinite() and outputs.loss.dtype is torch.float32


def test_answers() -> None:
    """One phrase in each picture; of pictures of two sizes."""
    pictures = [sample_of([])[0], sample_of([], rows=6)[0], sample_of([])[0]]
    sizes = [(40, 48), (40, 72), (40, 48)]
    batch = collate_of().ask(pictures, ["a mug", "the second mug", "🍎"])
    assert [read(batch, row, marked) for row, marked in enumerate(batch["phrase_tokens"])] == [
        "amug",
        "thesecondmug",
        "",
    ]
    logits = torch.full((3, 2, 256), -torch.inf)
    logits[0, 0, batch["phrase_tokens"][0].nonzero()[0]] = 0.0  # one token of four, half sure
    logits[1, 1, : len(batch["phrase_tokens"][1])] = torch.where(batch["phrase_tokens"][1], 20.0, -torch.inf)
    boxes = torch.tensor([[0.5, 0.5, 1, 1], [0.25, 0.5, 0.5, 0.5]]).expand(3, 2, 4)
    outputs = transformers.utils.ModelOutput(logits=logits, pred_boxes=boxes)
    answers = grounding_dino_answers(outputs, batch["phrase_tokens"], sizes)
    expected = [[0.5 / batch["phrase_tokens"][0].sum().item(), 0.0], [0.0, 1.0], [0.0, 0.0]]
    for answer, scores, (height, width) in zip(answers, expected, sizes, strict=True):
        assert torch.allclose(answer["scores"], torch.tensor(scores))
        assert answer["boxes"].tolist() == [[0, 0, width, height], [0, height / 4, width / 2, height * 3 / 4]]


def test_refused() -> None:
    other = transformers.BertTokenizer(vocab={"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4})
    processor = transformers.GroundingDinoProcessor(PROCESSOR.image_processor, other)
    with pytest.raises(sos.StreamError, match=r"tokenizer: expected one like BERT's .*\[CLS\] 101"):
        GroundingDinoCollate(processor, Shapes(1))
    with pytest.raises(sos.StreamError, match=r"'a mug': expected rows in 0 … 3, found 4"):
        collate_of()([sample_of([("a mug", [4])])])
    for wrong in ({"max_tokens": 1}, {"negatives": -1}, {"seed": -1}):
        with pytest.raises(sos.StreamError, match=next(iter(wrong))):
            collate_of(**wrong)
    none = torch.zeros(1, 2, 16)
    with pytest.raises(sos.SOSError, match=r"labels\[0\]: expected those of GroundingDinoCollate"):
        grounding_dino_loss(none, [{"boxes": none}], none.device, none, None, [], none)
