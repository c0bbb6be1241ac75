"""Samples as the gallery shows them."""

from __future__ import annotations

import sos_online as sos
from sos_online.cli.entries import gallery_entries
from sos_online.cli.gallery import GalleryExpression


def test_the_words_of_a_sample_come_with_its_entry(library: sos.SegmentLibrary) -> None:
    recipe = sos.Recipe().replace(canvas={"sizes": [[128, 128]]}, light=None, expressions={"mixed": {"none": 2}})
    dataset = sos.SOSDataset(library, recipe, length=2)
    entries = list(gallery_entries(dataset, 2))
    for index, entry in enumerate(entries):
        said = dataset.sample(index)[1]["expressions"]
        assert entry.expressions == tuple(
            GalleryExpression(each["text"], tuple(each["rows"]), each["kind"]) for each in said
        )
    assert any(entry.expressions for entry in entries)
    (wordless,) = gallery_entries(sos.SOSDataset(library, recipe.replace(expressions=None), length=1), 1)
    assert wordless.expressions == ()
