"""Sources as plain data, as a YAML file or a command line gives them: one entry for each, checked before it is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, ValidationInfo, field_validator

from sos_online.errors import SourceError
from sos_online.library.sources.ade20k import Ade20k
from sos_online.library.sources.base import Source
from sos_online.library.sources.category_folders import CategoryFolders
from sos_online.library.sources.coco import CocoInstances
from sos_online.library.sources.cutouts import Cutouts
from sos_online.library.sources.lvis import LvisInstances
from sos_online.library.sources.mask_pairs import MaskPairs
from sos_online.library.sources.parquet import ParquetSegments
from sos_online.library.sources.reading.lines import read_lines
from sos_online.library.sources.sa1b import Sa1b
from sos_online.library.sources.sos_layout import SOSLayout
from sos_online.library.sources.tars import WebDatasetTars
from sos_online.library.sources.voc import VocSegmentation
from sos_online.library.strict_yaml import read_yaml
from sos_online.types import Section


def _no_truth_value(value: Any) -> Any:
    if isinstance(value, bool):  # which Python counts as 0 and 1
        raise ValueError("expected a number")
    return value


Number = BeforeValidator(_no_truth_value)
MinArea = Annotated[int, Field(ge=1), Number]
Share = Annotated[float, Field(ge=0, le=1), Number]
OnlyImages = list[str] | Path


class Entry(Section):
    """One source: ``kind`` says which, ``name`` is its name in the library, the rest are its arguments.

    Relative paths are taken from the folder in the validation context's ``base``.
    """

    name: str = ""

    @field_validator("*")
    @classmethod
    def _from_base(cls, value: Any, info: ValidationInfo) -> Any:
        base: Path | None = (info.context or {}).get("base")
        return base / value if isinstance(value, Path) and base is not None else value

    def source(self) -> Source:
        """The source. Raises ``SourceError``."""
        arguments = {name: getattr(self, name) for name in type(self).model_fields if name != "kind"}
        if isinstance(arguments.get("only_images"), Path):
            arguments["only_images"] = [line for line in read_lines(arguments["only_images"]) if line]
        return _KINDS[self.kind](**arguments)  # type: ignore[attr-defined]


class CocoEntry(Entry):
    kind: Literal["coco"]
    images: Path
    annotations: Path
    min_area: MinArea = 256
    only_images: OnlyImages | None = None


class LvisEntry(Entry):
    kind: Literal["lvis"]
    images: Path
    annotations: Path
    min_area: MinArea = 256
    only_images: OnlyImages | None = None


class SosEntry(Entry):
    kind: Literal["sos"]
    root: Path
    metadata: Path | None = None
    flags: Path | None = None


class FoldersEntry(Entry):
    kind: Literal["folders"]
    root: Path
    strip_digits: bool = False
    only_images: OnlyImages | None = None
    flags: Path | None = None


class CutoutsEntry(Entry):
    kind: Literal["cutouts"]
    root: Path
    table: Path | None = None
    pattern: str = ""
    category: str = ""
    flags: Path | None = None


class MasksEntry(Entry):
    kind: Literal["masks"]
    images: Path
    masks: Path
    category: str
    mask_suffix: str | None = None
    not_objects: tuple[Annotated[int, Number], ...] = (0,)
    min_area: MinArea = 256


class VocEntry(Entry):
    kind: Literal["voc"]
    root: Path
    image_set: Path | None = None
    min_area: MinArea = 256


class Ade20kEntry(Entry):
    kind: Literal["ade20k"]
    root: Path
    parts: bool = False
    min_area: MinArea = 256


class Sa1bEntry(Entry):
    kind: Literal["sa1b"]
    root: Path
    category: str = "object"
    min_area: MinArea = 256
    min_iou: Share = 0.0
    min_stability: Share = 0.0


class ParquetEntry(Entry):
    kind: Literal["parquet"]
    path: Path
    flags: Path | None = None


class TarsEntry(Entry):
    kind: Literal["tars"]
    path: Path
    category: str = ""
    class_names: Path | None = None
    flags: Path | None = None


_KINDS: dict[str, Callable[..., Source]] = {
    "coco": CocoInstances,
    "lvis": LvisInstances,
    "sos": SOSLayout,
    "folders": CategoryFolders,
    "cutouts": Cutouts,
    "masks": MaskPairs,
    "voc": VocSegmentation,
    "ade20k": Ade20k,
    "sa1b": Sa1b,
    "parquet": ParquetSegments,
    "tars": WebDatasetTars,
}
AnyEntry = (
    CocoEntry
    | LvisEntry
    | SosEntry
    | FoldersEntry
    | CutoutsEntry
    | MasksEntry
    | VocEntry
    | Ade20kEntry
    | Sa1bEntry
    | ParquetEntry
    | TarsEntry
)
_ENTRIES: TypeAdapter[list[AnyEntry]] = TypeAdapter(list[Annotated[AnyEntry, Field(discriminator="kind")]])


def read_sources(path: str | Path) -> list[Source]:
    """The sources that a YAML file lists; relative paths are taken from its folder.

    Raises:
        SourceError: naming the file, the number of the entry and the key that is unknown, missing or wrong.
    """
    path = Path(path)
    try:
        content = read_yaml(path)
    except ValueError as error:
        raise SourceError(f"{path}: {error}") from None
    if not isinstance(content, list) or not content:
        raise SourceError(f"{path}: expected a list of sources, such as [{{kind: sos, root: my_folder}}]")
    return make_sources(content, str(path), path.absolute().parent)


def make_sources(entries: Sequence[Any], where: str, base: Path | None = None) -> list[Source]:
    """Sources of plain entries such as ``{"kind": "sos", "root": "my_folder"}``.

    Args:
        entries: one for each source.
        where: begins the message of an error.
        base: the folder from which relative paths are taken; the current one if None.

    Raises:
        SourceError: naming the number of the entry and the key that is unknown, missing or wrong.
    """
    try:
        checked = _ENTRIES.validate_python(list(entries), context={"base": base})
    except ValidationError as error:
        raise SourceError("\n".join(dict.fromkeys(_explain(where, detail) for detail in error.errors()))) from None
    return [entry.source() for entry in checked]


def _explain(where: str, detail: Any) -> str:
    number, *rest = detail["loc"]
    # the second part of a place inside an entry is its kind; what is no identifier is a type that was tried
    key = ".".join(str(part) for part in rest[1:] if str(part).isidentifier() or isinstance(part, int))
    if key.startswith("only_images"):
        return f"{where}: sources[{number}]: {rest[0]}: only_images: expected a list of names, or a text file of them"
    place = f"{where}: sources[{number}]{f': {rest[0]}' if rest else ''}{f': {key}' if key else ''}"
    if detail["type"].startswith("union_tag"):
        return f"{place}: kind: expected {', '.join(_KINDS)}, found {detail['input'].get('kind')!r}"
    if detail["type"] == "extra_forbidden":
        return f"{place}: unknown key"
    if detail["type"] == "missing":
        return f"{place}: is missing"
    return f"{place}: {detail['msg'].removeprefix('Value error, ')}, found {detail['input']!r:.80}"
