"""A shuffled order that needs no memory: position to item, one at a time."""

from __future__ import annotations

from collections.abc import Sequence

_ROUNDS = 6
_MASK = (1 << 64) - 1


class Permutation:
    """A bijection of ``0 … length - 1`` onto itself, chosen by keys.

    A balanced Feistel network over the smallest even number of bits that holds ``length``, walked until it comes back
    into range (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002): at most four steps on
    average. Its round function is the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).

    Args:
        length: number of items.
        keys: integers in ``[0, 2**64)``, one for each of the ``Permutation.KEYS`` rounds.
    """

    KEYS = _ROUNDS

    def __init__(self, length: int, keys: Sequence[int]) -> None:
        if len(keys) != _ROUNDS:
            raise ValueError(f"keys: expected {_ROUNDS}, found {len(keys)}")
        self._length = length
        self._keys = [int(key) for key in keys]
        self._half = max(1, (max(length - 1, 1).bit_length() + 1) // 2)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, position: int) -> int:
        """The item at ``position``. Raises ``IndexError`` out of range; negative positions are."""
        if not 0 <= position < self._length:
            raise IndexError(f"position {position} of {self._length}")
        item = self._step(position)
        while item >= self._length:
            item = self._step(item)
        return item

    def _step(self, value: int) -> int:
        low_bits = (1 << self._half) - 1
        left, right = value >> self._half, value & low_bits
        for key in self._keys:
            left, right = right, left ^ (_mixed(right ^ key) & low_bits)
        return left << self._half | right


def _mixed(value: int) -> int:
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)
