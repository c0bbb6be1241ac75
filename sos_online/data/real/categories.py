"""Which label each category of a file has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sos_online.library.sources.reading.coco_json import Instances
from sos_online.ops.names import category_name


@dataclass(frozen=True, slots=True)
class FileCategories:
    """Labels 1 … C of a file's categories, in the order of their ids.

    Attributes:
        names: of label ``i + 1`` at position ``i``.
        ids: in the file, of label ``i + 1`` at position ``i``.
        other_names: synonyms and synset, the same.
        label_of: label of each id.
    """

    names: Sequence[str]
    ids: Sequence[int | str]
    other_names: Sequence[Sequence[str]]
    label_of: dict[int | str, int]

    @staticmethod
    def of(content: Instances) -> FileCategories:
        entries = sorted(content["categories"], key=lambda entry: (isinstance(entry["id"], str), entry["id"]))
        ids = [entry["id"] for entry in entries]
        return FileCategories(
            names=[category_name(entry["name"]) for entry in entries],
            ids=ids,
            other_names=[
                [*map(str, entry.get("synonyms") or ()), *([entry["synset"]] if entry.get("synset") else [])]
                for entry in entries
            ],
            label_of={identifier: label for label, identifier in enumerate(ids, 1)},
        )
