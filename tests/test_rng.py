"""Generators against Philox 4x64-10 written from its paper (Salmon et al., Parallel random numbers, SC 2011)."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sos_online import rng as rng_module
from sos_online.rng import Purpose, global_generators_from, pixel_generator, sample_generator

WORD = 2**64
Words = tuple[int, int, int, int]


def philox_block(key: tuple[int, int], counter: Words) -> Words:
    """Four 64-bit words; ten rounds, the key bumped between them."""
    x0, x1, x2, x3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = x0 * 0xD2E7470EE14C6C93, x2 * 0xCA5A826395121157
        x0, x1, x2, x3 = (p1 >> 64) ^ x1 ^ k0, p1 % WORD, (p0 >> 64) ^ x3 ^ k1, p0 % WORD
        k0, k1 = (k0 + 0x9E3779B97F4A7C15) % WORD, (k1 + 0xBB67AE8584CAA73B) % WORD
    return x0, x1, x2, x3


def slow_words(seed: int, epoch: int, index: int, attempt: int, purpose: int, blocks: int) -> list[int]:
    """numpy counts up before it makes a block, so the first has the lowest word 1."""
    drawn = [philox_block((seed, purpose), (block + 1, attempt, index, epoch)) for block in range(blocks)]
    return list(itertools.chain(*drawn))


def words(generator: np.random.Generator, count: int = 12) -> list[int]:
    return generator.bit_generator.random_raw(count).tolist()  # type: ignore[no-any-return, union-attr]


def test_philox_known_answers() -> None:
    """From the known-answer file of the paper's own implementation, Random123."""
    assert philox_block((0, 0), (0, 0, 0, 0)) == (
        0x16554D9ECA36314C,
        0xDB20FE9D672D0FDC,
        0xD7E772CEE186176B,
        0x7E68B68AEC7BA23B,
    )
    ones = WORD - 1
    assert philox_block((ones, ones), (ones, ones, ones, ones)) == (
        0x87B092C3013FE90B,
        0x438C3C67BE8D0224,
        0x9CC7D7C69CD777B6,
        0xA09CAEBF594F0BA0,
    )


WORD_VALUES = st.integers(0, 5) | st.integers(0, WORD - 1)


@given(
    seed=WORD_VALUES, epoch=WORD_VALUES, index=WORD_VALUES, attempt=WORD_VALUES, purpose=st.sampled_from(list(Purpose))
)
def test_against_the_slow_philox(seed: int, epoch: int, index: int, attempt: int, purpose: Purpose) -> None:
    generator = sample_generator(seed, epoch, index, attempt=attempt, purpose=purpose)
    assert words(generator) == slow_words(seed, epoch, index, attempt, purpose, blocks=3)


@pytest.mark.parametrize(
    ("coordinates", "first", "uniform"),
    [
        ((0, 0, 0), 213000021201967259, [0.011546754286331562, 0.24154919656271812, 0.11142585551493822]),
        ((7, 1, 123456789), 4798610081513549695, [0.2601331737643916, 0.5818357171721773, 0.6118470033671293]),
    ],
)
def test_golden_first_numbers(coordinates: tuple[int, int, int], first: int, uniform: list[float]) -> None:
    """A stream that is not these numbers is another stream: every user's data changes."""
    assert words(sample_generator(*coordinates), 1) == [first]
    assert sample_generator(*coordinates).random(3).tolist() == uniform


@given(seed=st.integers(0, 2**63 - 1))
def test_pixel_generator_is_a_stream_of_its_own(seed: int) -> None:
    assert words(pixel_generator(seed), 4) == slow_words(seed, 0, 0, 0, Purpose.PIXELS, blocks=1)
    assert words(pixel_generator(seed)) != words(sample_generator(seed, 0, 0))


COORDINATES = st.fixed_dictionaries(
    dict.fromkeys(("seed", "epoch", "index", "attempt"), WORD_VALUES) | {"purpose": st.sampled_from(list(Purpose))}
)


@given(first=COORDINATES, second=COORDINATES)
def test_other_coordinates_other_numbers(first: dict[str, int], second: dict[str, int]) -> None:
    """Two streams are equal only if all of their coordinates are."""
    same = words(sample_generator(**first)) == words(sample_generator(**second))  # type: ignore[arg-type]
    assert same == (first == second)


def test_neighbours_share_no_block() -> None:
    """Also where an attempt of one sample could run into an index or an epoch of another."""
    coordinates = itertools.product((0, 1), (0, 1, 2), (0, 1, 2), (0, 1), list(Purpose))
    drawn = [
        tuple(words(sample_generator(seed, epoch, index, attempt=attempt, purpose=purpose), 4))
        for seed, epoch, index, attempt, purpose in coordinates
    ]
    assert len(set(drawn)) == len(drawn)


def test_purposes_keep_their_numbers() -> None:
    """They are part of the key, so of the format."""
    assert {purpose.name: int(purpose) for purpose in Purpose} == {
        "PLAN": 0,
        "CANVAS_SIZE": 1,
        "TRANSFORMS": 2,
        "PIXELS": 3,
        "LIGHT": 4,
        "ORDER": 5,
        "MIX": 6,
        "PASTE": 7,
        "WORDS": 8,
        "CAPTIONS": 9,
    }


def test_same_numbers_in_another_process() -> None:
    """Alone, without the package or torch: nothing about a process enters, not even its hash seed."""
    code = (
        f"import runpy; make = runpy.run_path({rng_module.__file__!r})['sample_generator'];"
        "print(make(7, 1, 123, attempt=2).random(5).tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(sample_generator(7, 1, 123, attempt=2).random(5).tolist())


@pytest.mark.parametrize("name", ["seed", "epoch", "index", "attempt"])
@pytest.mark.parametrize("value", [-1, WORD])
def test_exception_beyond_64_bits(name: str, value: int) -> None:
    """Refused, not wrapped: a wrapped coordinate would repeat another sample."""
    coordinates = {"seed": 0, "epoch": 0, "index": 0, name: value}
    with pytest.raises(OverflowError):
        sample_generator(**coordinates)


# the global generators


def draw_globally() -> tuple[float, float, float]:
    return float(torch.rand(1)), float(np.random.random()), random.random()  # noqa: NPY002


def test_global_generators_are_a_function_of_the_generator() -> None:
    drawn = []
    for outside_seed in (1, 2):
        torch.manual_seed(outside_seed)
        np.random.seed(outside_seed)  # noqa: NPY002
        random.seed(outside_seed)
        with global_generators_from(sample_generator(0, 0, 5, purpose=Purpose.TRANSFORMS)):
            drawn.append(draw_globally())
    with global_generators_from(sample_generator(0, 0, 6, purpose=Purpose.TRANSFORMS)):
        other = draw_globally()
    assert drawn[0] == drawn[1]
    assert all(a != b for a, b in zip(drawn[0], other, strict=True))


def outside_state() -> tuple[object, ...]:
    numpy_state = np.random.get_state()  # noqa: NPY002
    return (
        torch.get_rng_state().tolist(),
        tuple(part.tolist() if isinstance(part, np.ndarray) else part for part in numpy_state),
        random.getstate(),
    )


@pytest.mark.parametrize("raises", [False, True], ids=["left normally", "left by an exception"])
def test_global_generators_are_restored(raises: bool) -> None:
    """All of their state: half-used normals too."""
    np.random.standard_normal()  # noqa: NPY002
    random.gauss(0, 1)
    before = outside_state()
    try:
        with global_generators_from(sample_generator(0, 0, 5)):
            draw_globally()
            np.random.standard_normal(3)  # noqa: NPY002
            random.gauss(0, 1)
            if raises:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert outside_state() == before


def test_global_generators_nest() -> None:
    with global_generators_from(sample_generator(0, 0, 1)):
        alone = [draw_globally(), draw_globally()]
    with global_generators_from(sample_generator(0, 0, 1)):
        first = draw_globally()
        with global_generators_from(sample_generator(0, 0, 2)):
            draw_globally()
        second = draw_globally()
    assert [first, second] == alone
