"""The recipe: everything that decides what a stream looks like, as validated data."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from sos_online.compose.composite import MAX_OBJECTS, VisibilityRule
from sos_online.errors import RecipeError
from sos_online.library.strict_yaml import read_yaml
from sos_online.plan import BackgroundChoice, LayoutChoice, LightChoice, PlacementRules, SegmentChoice, SizePrior
from sos_online.refer import ExpressionChoice
from sos_online.relight import IcLightSettings, ReservoirSettings
from sos_online.targets import TargetOptions
from sos_online.types import Section

# keys that say where and how fast a picture is made, and not what it looks like
EXECUTION_ONLY = {"device": {"composite"}, "iclight": {"max_batch", "cached_prompts", "dtype"}}
# where layouts are read from: what is in the files counts, and the dataset adds that
LAYOUT_PATHS: dict[str, Any] = {"layout": {"path": True, "parts": {"__all__": {"layout": {"path"}}}}}

Side = Annotated[int, Field(ge=1, le=16384)]


class Canvas(Section):
    """The picture's size.

    Attributes:
        sizes: (height, width) in pixels; one of them is drawn for every ``same_for`` consecutive samples.
        same_for: must be a multiple of the batch size if there is more than one size, so that no batch mixes them.
    """

    sizes: Annotated[tuple[tuple[Side, Side], ...], Field(min_length=1)] = ((1024, 1024),)
    same_for: int = Field(default=64, ge=1)


class DeviceWork(Section):
    """What the device stage does with a batch; what it does not, a worker does with each sample.

    Attributes:
        composite: paint the objects on the background; labels are always made in the worker. For a GPU with workers
            that cannot keep up; on a CPU it is slower.
        light: relight and blend; with ``false`` before the dataset's transforms, else after them. (On a CPU
            ``make_loader`` has it made in the workers even so, unless ``composite`` or diffusion keep it behind them.)
    """

    composite: bool = False
    light: bool = True


class Recipe(Section):
    """What a stream looks like; the defaults are the published FC setting (``configs/fc.yaml`` spells them out).

    Attributes:
        canvas: size of the picture.
        objects: fewest and most objects planned for an image, uniform, both included (a learned layout may bring its
            own numbers).
        choice: which segments.
        layout: where and how big.
        placement: how a segment takes its box.
        background: what lies behind.
        light: how the picture is lit; None leaves composites as they are.
        device: what is done in the device stage.
        iclight: the model of diffusion light, and how it is run; for ``light.relighters`` with ``iclight``.
        reservoir: light in the background and serve each result several times, rather than wait; None waits.
        visibility: what counts as visible.
        target: what targets hold.
        expressions: how many referring expressions of each kind; None has none.
    """

    canvas: Canvas = Canvas()
    objects: tuple[int, int] = (5, 19)
    choice: SegmentChoice = SegmentChoice()
    layout: LayoutChoice = SizePrior()
    placement: PlacementRules = PlacementRules()
    background: BackgroundChoice = BackgroundChoice()
    light: LightChoice | None = LightChoice()
    device: DeviceWork = DeviceWork()
    iclight: IcLightSettings = IcLightSettings()
    reservoir: ReservoirSettings | None = None
    visibility: VisibilityRule = VisibilityRule()
    target: TargetOptions = TargetOptions()
    expressions: ExpressionChoice | None = None

    @field_validator("objects")
    @classmethod
    def _ordered(cls, objects: tuple[int, int]) -> tuple[int, int]:
        if not 0 <= objects[0] <= objects[1] <= MAX_OBJECTS:
            raise ValueError(f"expected 0 <= fewest <= most <= {MAX_OBJECTS}, found {list(objects)}")
        return objects

    @model_validator(mode="after")
    def _diffusion_fits(self) -> Recipe:
        if not self.device.light and self.wants_diffusion:
            raise ValueError("device.light: expected true with the relighter iclight, which no worker can run")
        if self.reservoir is not None and not self.wants_diffusion:
            raise ValueError("reservoir: expected a weight for light.relighters.iclight, whose light it keeps")
        return self

    @property
    def wants_diffusion(self) -> bool:
        """Whether an image may ask for diffusion light."""
        return self.light is not None and self.light.relighters.get("iclight", 0) > 0

    @staticmethod
    def load(path: str | Path) -> Recipe:
        """Read a YAML file; what it leaves out keeps its default. Raises ``RecipeError`` naming file and key."""
        path = Path(path)
        try:
            content = read_yaml(path)
        except ValueError as error:
            raise RecipeError(f"{path}: {error}") from None
        return Recipe.parse({} if content is None else content, str(path))

    @staticmethod
    def parse(content: Any, where: str = "recipe") -> Recipe:
        """Validate plain data, as YAML or JSON gives it; ``where`` begins the message of a ``RecipeError``."""
        try:
            return Recipe.model_validate(content)
        except ValidationError as error:
            raise RecipeError(_explain(where, content, error.errors())) from None

    def replace(self, **changes: Any) -> Recipe:
        """A copy with some keys changed: ``recipe.replace(canvas={"sizes": [[640, 640]]}, objects=[1, 5])``.

        A mapping changes the keys that it names inside its section; one of another ``kind``, or any other value,
        replaces the whole.
        """
        content = self.model_dump()
        for key, value in changes.items():
            nested = isinstance(value, dict) and isinstance(content.get(key), dict)
            nested = nested and value.get("kind") in (None, content[key].get("kind"))
            content[key] = {**content[key], **value} if nested else value
        return Recipe.parse(content)

    def to_yaml(self) -> str:
        """All keys, spelled out; :meth:`load` reads it back as an equal recipe."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, default_flow_style=None)

    def fingerprint(self) -> str:
        """Hash of what decides what a stream looks like, not of where and how fast it is made, nor of where the files
        are that a layout is read from."""
        made: Any = {**EXECUTION_ONLY, **LAYOUT_PATHS, "reservoir": True}
        return hashlib.sha256(self.model_dump_json(exclude=made).encode()).hexdigest()


_PLAIN_WORDS = {
    "tuple_type": "expected a list",
    "dict_type": "expected keys and their values",
    "model_type": "expected keys and their values",
    "model_attributes_type": "expected keys and their values",
}

_Key = tuple[str, ...]


def _explain(where: str, content: Any, details: Sequence[Any]) -> str:
    """All mistakes, a line for each key; none for a list or section of which only something inside it is wrong."""
    by_key: dict[_Key, dict[str, list[str]]] = {}
    for detail in details:
        key, message, found = _one(content, detail)
        by_key.setdefault(key, {}).setdefault(found, []).append(message)
    above = {key[:length] for key in by_key for length in range(len(key))}
    lines = []
    for key, said in by_key.items():
        if key not in above:
            problem = "; ".join(" or ".join(messages) + found for found, messages in said.items())
            lines.append(": ".join([where, *([".".join(key)] if key else []), problem]))
    return "\n".join(lines)


def _one(content: Any, detail: Any) -> tuple[_Key, str, str]:
    """Of one mistake its key, what was expected, and what was found, if the first does not say so."""
    key, kind = _key_of(content, detail), detail["type"]
    if kind == "extra_forbidden":
        return key, "unknown key", ""
    if kind == "missing":
        return key, "required", ", found nothing"
    if kind == "union_tag_invalid":
        return (*key, "kind"), f"expected one of {detail['ctx']['expected_tags']}", f", found {detail['ctx']['tag']!r}"
    message = _PLAIN_WORDS.get(kind) or detail["msg"].removeprefix("Value error, ")
    # what sections that do not fit each other hold is too much to show
    return key, message, "" if not key or "found" in message else f", found {detail['input']!r:.80}"


def _key_of(content: Any, detail: Any) -> _Key:
    """Where a mistake is. Its place names kinds of layouts and types that were tried too, which are no keys."""
    key: list[str] = []
    for part in detail["loc"]:
        inside = isinstance(content, dict) and part in content
        inside = inside or (isinstance(content, (list, tuple)) and isinstance(part, int) and part < len(content))
        if inside:
            content = content[part]
            key.append(str(part))
    if detail["type"] == "missing":
        key.append(str(detail["loc"][-1]))
    return tuple(key)
