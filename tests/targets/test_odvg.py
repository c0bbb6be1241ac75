"""Records of ODVG: what is in them, apart from how a reader takes them (tests/data/exporting)."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from sos_online.targets.captions import caption_of
from sos_online.targets.odvg import odvg_detection, odvg_grounding, odvg_groundings, odvg_label_map
from tests.targets.made_up import single_pixels, size_of, with_crowd

NAMES = ["cat", "dog", "tram"]


def test_detection_counts_classes_from_0_and_leaves_crowds_out() -> None:
    target = with_crowd()
    assert odvg_detection(target, size_of(target), "7.jpg", NAMES) == {
        "filename": "7.jpg",
        "height": 48,
        "width": 32,
        "detection": {"instances": [{"bbox": [2.0, 2.0, 10.0, 30.0], "label": 1, "category": "dog"}]},
    }
    assert odvg_label_map(NAMES) == {"0": "cat", "1": "dog", "2": "tram"}


def test_each_object_stands_in_a_record_once_with_all_that_means_it() -> None:
    target = single_pixels()
    caption = caption_of([("corner", [0, 1]), ("on top", [0, 1, 4]), ("nothing", []), ("the middle", [4])])
    record = odvg_grounding(caption, target, size_of(target), "7.jpg")
    boxes = target["boxes"].tolist()
    assert record["grounding"] == {
        "caption": "corner. on top. nothing. the middle.",
        "regions": [
            {"bbox": boxes[:2], "phrase": ["corner", "on top"], "tokens_positive": [[0, 6], [8, 14]]},
            {"bbox": boxes[4], "phrase": ["on top", "the middle"], "tokens_positive": [[8, 14], [25, 35]]},
        ],
    }
    (region,) = odvg_grounding(caption_of([("corner", [0])]), target, (40, 50), "7.jpg")["grounding"]["regions"]
    assert region == {"bbox": boxes[0], "phrase": "corner", "tokens_positive": [[0, 6]]}


TEXTS = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("İΣς. \t")), min_size=1, max_size=12
)


@example(["İstanbul", "the apple"])
@example([" blank ahead", "ΟΔΟΣ", "the Σ"])
@given(st.lists(TEXTS.filter(str.strip), min_size=1, max_size=5))
def test_spans_survive_what_the_reader_does_to_a_caption(texts: list[str]) -> None:
    """It lowers and strips the caption, and looks at no span."""
    target = single_pixels()
    expressions = [{"text": text, "rows": [row], "kind": "mixed"} for row, text in enumerate(texts)]
    records = odvg_groundings({**target, "expressions": expressions}, (40, 50), "7.jpg", characters=(0, 40))
    seen = set()
    for record in records:
        read = record["grounding"]["caption"].lower().strip()
        for region in record["grounding"]["regions"]:
            phrases = region["phrase"] if isinstance(region["phrase"], list) else [region["phrase"]]
            assert [read[start:end] for start, end in region["tokens_positive"]] == phrases
            seen.update(phrases)
    assert seen == {text.lower().strip() for text in texts}
