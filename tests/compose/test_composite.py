"""The compositor: against a plain float64 reference, and its promises."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import sos_online as sos
from sos_online.compose import VisibilityRule, compose
from sos_online.types import Pixels, Placement, Scene, SolidBackground
from tests.compose import reference
from tests.conftest import small_recipe

ANY = VisibilityRule(min_pixels=1, min_share=0.0)
TIE = 1e-5  # of alpha, 0 … 1
FLOAT32 = 1e-3  # grey levels
GREY = SolidBackground((90, 120, 150))


class Uniform:
    """Segments of one colour and any alpha, at one size; stands in for a library."""

    def __init__(self, colour: tuple[int, int, int], alpha: Pixels) -> None:
        self._colour = np.empty((*alpha.shape, 3), np.uint8)
        self._colour[:] = colour
        self._alpha = alpha

    def level_sizes(self, segment: int) -> list[tuple[int, int]]:
        return [(self._alpha.shape[1], self._alpha.shape[0])]

    def alpha(self, segment: int, level: int) -> Pixels:
        return self._alpha

    def colour(self, segment: int, level: int) -> Pixels:
        return self._colour


def canvas_of(scene: Scene, colour: tuple[int, int, int] = GREY.colour) -> Pixels:
    return np.full((*scene.size_hw, 3), colour, np.uint8)


def scene_of(*placements: Placement, size_hw: tuple[int, int] = (40, 50)) -> Scene:
    return Scene(size_hw, GREY, placements)


placements = st.builds(
    lambda segment, x, y, width, height, flip_x, flip_y, angle: Placement(
        segment, 1 + segment // 3, (x, y, x + width, y + height), flip_x, flip_y, angle
    ),
    st.integers(0, 11),
    st.integers(-60, 60),
    st.integers(-60, 60),
    st.integers(1, 80),
    st.integers(1, 80),
    st.booleans(),
    st.booleans(),
    st.one_of(st.just(0.0), st.floats(-180, 180)),
)
scenes = st.builds(
    lambda size_hw, items: Scene(size_hw, GREY, tuple(items)),
    st.tuples(st.integers(1, 70), st.integers(1, 70)),
    st.lists(placements, max_size=8),
)


ALONG_AN_EDGE = scene_of(Placement(3, 2, (-17, 0, 33, 17), False, False, 1e-30), size_hw=(16, 16))
# six over one another; rounded one by one they come to 1.002 grey levels
SOFT_EDGES = scene_of(
    *[Placement(0, 1, (0, 0, 1, 1))] * 3,
    Placement(0, 1, (0, 0, 4, 3)),
    Placement(1, 1, (0, -1, 6, 67), angle=1.0),
    Placement(3, 2, (0, 0, 27, 13), angle=9.0),
    size_hw=(6, 4),
)


@settings(max_examples=150)
@given(scene=scenes, min_pixels=st.integers(1, 40), min_share=st.floats(0, 1))
@example(scene=ALONG_AN_EDGE, min_pixels=1, min_share=0.0)
@example(scene=SOFT_EDGES, min_pixels=1, min_share=0.0)
def test_agrees_with_a_plain_float64_reference(
    library: sos.SegmentLibrary, scene: Scene, min_pixels: int, min_share: float
) -> None:
    rule = VisibilityRule(min_pixels=min_pixels, min_share=min_share)
    composite = compose(scene, library, canvas_of(scene), rule)
    image, instance_map, kept, masks = reference.compose(scene, library, canvas_of(scene), min_pixels, min_share)
    # where alpha is one half to the last bits, along whole edges too, float32 and float64 may disagree; so on who stays
    for half in (0.5 - TIE, 0.5 + TIE):
        assume(reference.compose(scene, library, canvas_of(scene), min_pixels, min_share, half)[2] == kept)
    ties = np.zeros(scene.size_hw, bool)
    for layer in reference.layers(scene, library):
        ties |= np.abs(layer[..., 3] - 0.5) < TIE
    assert composite.objects == tuple(scene.placements[position] for position in kept)
    assert (composite.instance_map == instance_map)[~ties].all()
    away = np.abs(composite.image.transpose(1, 2, 0) - image).max(-1)
    assert (away <= reference.rounding(scene, library, kept) + FLOAT32).all()
    for part, mask in zip(composite.whole, masks, strict=True):
        whole = np.zeros(scene.size_hw, bool)
        whole[part.y : part.y + part.mask.shape[0], part.x : part.x + part.mask.shape[1]] = part.mask
        assert (whole == mask)[~ties].all()


def test_agrees_with_the_reference_on_real_objects(coco_library: sos.SegmentLibrary) -> None:
    dataset = sos.SOSDataset(coco_library, small_recipe(320, placement={"rotation": 30.0, "flip_x": 0.5}), length=6)
    for index in range(len(dataset)):
        scene = dataset.scene(index)
        composite = compose(scene, coco_library, canvas_of(scene), ANY)
        image, instance_map, kept, _ = reference.compose(scene, coco_library, canvas_of(scene), 1, 0.0)
        assert composite.objects == tuple(scene.placements[position] for position in kept)
        assert (composite.instance_map != instance_map).mean() < 1e-4
        assert np.abs(composite.image.transpose(1, 2, 0) - image).max() <= 1.0


@settings(max_examples=200)
@given(
    colour=st.tuples(*[st.integers(0, 255)] * 3),
    alpha=st.integers(0, 2**32 - 1),
    box=st.tuples(st.integers(-20, 30), st.integers(-20, 30), st.integers(1, 60), st.integers(1, 60)),
    angle=st.sampled_from([0.0, 33.0, 180.0]),
)
def test_a_segment_of_the_canvas_own_colour_changes_no_pixel(
    colour: tuple[int, int, int], alpha: int, box: tuple[int, int, int, int], angle: float
) -> None:
    soft = np.random.default_rng(alpha).integers(0, 256, (13, 17), dtype=np.uint8)
    x, y, width, height = box
    scene = scene_of(Placement(0, 1, (x, y, x + width, y + height), angle=angle))
    composite = compose(scene, Uniform(colour, soft), canvas_of(scene, colour), ANY)
    assert (composite.image == np.array(colour)[:, None, None]).all()


def test_no_halo_from_the_colour_under_zero_alpha(library: sos.SegmentLibrary) -> None:
    # the cut-outs of this library are bright green where they are transparent; none of it may show
    cutouts = library.root.parent / "cutouts"
    for segment in range(len(library)):
        source = cv2.imread(str(cutouts / library.key(segment)), cv2.IMREAD_UNCHANGED)
        brightest = source[source[..., 3] > 0][:, 2::-1].max(0).astype(int)
        width, height = library.size_wh(segment)
        for factor in (0.4, 1.0, 2.0):
            box = (5, 5, 5 + max(1, round(width * factor)), 5 + max(1, round(height * factor)))
            scene = scene_of(Placement(segment, 1, box), size_hw=(260, 260))
            shown = compose(scene, library, canvas_of(scene, (0, 0, 0)), ANY).image
            # 12 grey levels for JPEG
            assert (shown.reshape(3, -1).max(1) <= brightest + 12).all()


def test_more_than_255_objects_have_ids_of_their_own() -> None:
    opaque = np.full((4, 4), 255, np.uint8)
    grid = [Placement(i, 1, (6 * (i % 20), 6 * (i // 20), 6 * (i % 20) + 4, 6 * (i // 20) + 4)) for i in range(400)]
    scene = scene_of(*grid, size_hw=(120, 120))
    composite = compose(scene, Uniform((255, 0, 0), opaque), canvas_of(scene), ANY)
    ids, counts = np.unique(composite.instance_map, return_counts=True)
    assert ids.tolist() == list(range(401))
    assert (counts[1:] == 16).all()
    assert composite.objects == tuple(reversed(grid))


def test_an_object_hidden_by_one_that_is_left_out_is_judged_by_what_is_seen() -> None:
    opaque = np.full((10, 10), 255, np.uint8)
    bottom, middle, top = (
        Placement(i, 1, box) for i, box in enumerate([(0, 0, 10, 10), (0, 0, 11, 10), (0, 0, 12, 10)])
    )
    # the middle one shows one column of eleven: left out; what it hid, the top one hides as well
    rule = VisibilityRule(min_pixels=1, min_share=0.2)
    composite = compose(scene_of(bottom, middle, top), Uniform((1, 2, 3), opaque), canvas_of(scene_of()), rule)
    assert composite.objects == (top,)
    # without the top one, the middle one shows whole, and the bottom one not at all
    composite = compose(scene_of(bottom, middle), Uniform((1, 2, 3), opaque), canvas_of(scene_of()), rule)
    assert composite.objects == (middle,)


def test_what_is_left_out_paints_no_pixel() -> None:
    opaque = np.full((10, 10), 255, np.uint8)
    small = Placement(0, 1, (3, 3, 6, 6))
    composite = compose(
        scene_of(small), Uniform((255, 255, 255), opaque), canvas_of(scene_of()), VisibilityRule(min_pixels=10)
    )
    assert composite.objects == ()
    assert (composite.instance_map == 0).all()
    assert (composite.image == np.array(GREY.colour)[:, None, None]).all()


@pytest.mark.parametrize(
    "box",
    [
        (-50, 0, -10, 20),  # left of the canvas
        (50, 0, 60, 20),  # touches the right border from outside
        (0, 40, 10, 50),  # below
    ],
)
def test_an_object_outside_the_canvas_leaves_no_trace(box: tuple[int, int, int, int]) -> None:
    scene = scene_of(Placement(0, 1, box))
    composite = compose(scene, Uniform((255, 0, 0), np.full((9, 9), 255, np.uint8)), canvas_of(scene), ANY)
    assert composite.objects == ()
    assert (composite.image == np.array(GREY.colour)[:, None, None]).all()


def test_a_broken_segment_is_left_out_and_reported() -> None:
    class Broken(Uniform):
        def colour(self, segment: int, level: int) -> Pixels:
            if segment == 1:
                raise sos.BrokenSegmentError("segment 1 is damaged")
            return super().colour(segment, level)

    pixels = Broken((255, 0, 0), np.full((9, 9), 255, np.uint8))
    scene = scene_of(*(Placement(i, 1, (10 * i, 0, 10 * i + 9, 9)) for i in range(3)))
    with pytest.raises(sos.BrokenSegmentError, match="segment 1"):
        compose(scene, pixels, canvas_of(scene), ANY)
    reported: list[str] = []
    composite = compose(scene, pixels, canvas_of(scene), ANY, lambda error: reported.append(str(error)))
    assert reported == ["segment 1 is damaged"]
    assert [placement.segment for placement in composite.objects] == [2, 0]
    assert (composite.instance_map[:9, 10:19] == 0).all()
