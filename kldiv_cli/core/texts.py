"""Many texts in one piece of memory, so that a million labels are read and paired as arrays.

A text is 8 bytes at a time a word, and its words together a hash: equal texts have equal hashes,
and where different ones have them, too, nothing is decided by hashes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Indices = NDArray[np.int64]
    Words = NDArray[np.uint64]

LONGEST = 1024
"""Bytes of the longest text that is worth an array of words."""
_WORD = 8
_AT_ONCE = 8192
"""Texts that are decoded, or compared, at once."""
# The first bytes of a word, which are its lowest.
_MASKS = np.array([(1 << 8 * i) - 1 for i in range(_WORD + 1)], dtype=np.uint64)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
_ZEROS = np.uint64(0x3030303030303030)
_TO_HIGH_BIT = np.uint64(0x7676767676767676)
HIGH_BITS = np.uint64(0x8080808080808080)


class Texts(Sequence[str]):
    """A sequence of texts, which are decoded when they are asked for.

    Parameters
    ----------
    data : ndarray of uint8
        UTF-8, with `PADDING` behind it.
    starts, lengths : ndarray of int64
        Where each text begins, and how many bytes it has.
    """

    PADDING = bytes(_WORD)

    def __init__(self, data: Bytes, starts: Indices, lengths: Indices) -> None:
        self.data = data
        self.starts = starts
        self.lengths = lengths
        self._hashes: Words | None = None

    @classmethod
    def of(cls, texts: Sequence[str]) -> Texts:
        """Return texts as such a sequence."""
        every = [text.encode() for text in texts]
        lengths = np.fromiter(map(len, every), dtype=np.int64, count=len(every))
        data = np.frombuffer(b"".join([*every, cls.PADDING]), dtype=np.uint8)
        return cls(data, np.cumsum(lengths) - lengths, lengths)

    @classmethod
    def joined(cls, parts: Sequence[Texts]) -> Texts:
        """Return several sequences as one."""
        offsets = np.cumsum([0, *(len(part.data) for part in parts[:-1])])
        starts = [part.starts + offset for part, offset in zip(parts, offsets, strict=True)]
        found = cls(
            np.concatenate([part.data for part in parts]),
            np.concatenate(starts),
            np.concatenate([part.lengths for part in parts]),
        )
        found._hashes = np.concatenate([part.hashes for part in parts])
        return found

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Texts(self.data, self.starts[index], self.lengths[index])
        start = self.starts[index]
        return self.data[start : start + self.lengths[index]].tobytes().decode()

    def __iter__(self) -> Iterator[str]:
        for first in range(0, len(self), _AT_ONCE):
            yield from self._decoded(slice(first, first + _AT_ONCE))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Texts):
            return isinstance(other, Sequence) and tuple(self) == tuple(other)
        if not np.array_equal(self.lengths, other.lengths):
            return False
        # So few at once that their words fit into a processor's cache.
        parts = [slice(first, first + _AT_ONCE) for first in range(0, len(self), _AT_ONCE)]
        pairs = (zip(self[part]._words(), other[part]._words(), strict=True) for part in parts)
        return all(
            np.array_equal(mine, theirs) for words in pairs for (_, mine), (_, theirs) in words
        )

    __hash__ = None  # type: ignore[assignment]

    def take(self, which: NDArray[Any]) -> Texts:
        """Return some of the texts, by their indices or by a mask."""
        return Texts(self.data, self.starts[which], self.lengths[which])

    def ends(self) -> tuple[Bytes, Bytes]:
        """Return the first and the last byte of each text; of an empty one any bytes."""
        last = np.maximum(self.starts + self.lengths - 1, 0)
        return np.asarray(self.data[self.starts]), np.asarray(self.data[last])

    def are_ascii(self) -> NDArray[np.bool_]:
        """Return which texts are ASCII."""
        plain = np.ones(len(self), dtype=np.bool_)
        if self.data.size and self.data.max() >= 0x80:
            for which, words in self._words():
                plain[which] &= (words & HIGH_BITS) == 0
        return plain

    def are_digits(self) -> NDArray[np.bool_]:
        """Return which texts are ASCII digits, one at least."""
        digits = self.lengths > 0
        for place, (which, words) in enumerate(self._words()):
            kept = _MASKS[np.minimum(self.lengths[which] - place * _WORD, _WORD)]
            values = (words ^ _ZEROS) & kept
            # From 10 on a byte has its high bit, or gets it.
            digits[which] &= (((values + _TO_HIGH_BIT) | values) & HIGH_BITS) == 0
        return digits

    def integers(self) -> NDArray[np.int64] | None:
        """Return the integers that texts of digits denote; None if a text is anything else.

        It may have 16 digits, so that each integer is exact.
        """
        longest = int(self.lengths.max(initial=0))
        if longest > 2 * _WORD or not self.are_digits().all():
            return None
        split = np.maximum(self.lengths - _WORD, 0)
        values = _eight(self._at(self.starts + split), self.lengths - split)
        if longest > _WORD:
            (long,) = np.nonzero(split)
            values[long] += 10**_WORD * _eight(self._at(self.starts[long]), split[long])
        return values

    def are_distinct(self) -> bool:
        """Return whether no two texts are equal; False where that is not sure."""
        ordered = np.sort(self.hashes)
        return bool(np.all(ordered[1:] != ordered[:-1]))

    def places_in(self, other: Texts) -> Indices | None:
        """Return where each text stands among others, which are distinct, or -1.

        None where that is not sure.
        """
        if np.array_equal(self.hashes, other.hashes):
            return np.arange(len(self)) if self == other else None
        if not len(other):
            return np.full(len(self), -1, dtype=np.int64)
        theirs, mine = np.argsort(other.hashes), np.argsort(self.hashes)
        hashes, sought = other.hashes[theirs], self.hashes[mine]
        near = np.minimum(np.searchsorted(hashes, sought), len(other) - 1)
        places = np.empty(len(self), dtype=np.int64)
        places[mine] = np.where(hashes[near] == sought, theirs[near], -1)
        found = places >= 0
        return places if self.take(found) == other.take(places[found]) else None

    @property
    def hashes(self) -> Words:
        """A number for each text: where two differ, the texts do."""
        if self._hashes is None:
            self._hashes = self._hashed()
        return self._hashes

    def _hashed(self) -> Words:
        hashes = self.lengths.astype(np.uint64) * _FACTOR
        for which, words in self._words():
            mixed = (hashes[which] ^ words) * _FACTOR
            hashes[which] = mixed ^ (mixed >> _HALF)
        return hashes * _FACTOR

    def _words(self) -> Iterator[tuple[Any, Words]]:
        """Yield the first, second … word of the texts that have one, and which these are."""
        which: Any = slice(None)
        starts, left = self.starts, self.lengths
        for _ in range(0, int(self.lengths.max(initial=0)), _WORD):
            (longer,) = np.nonzero(left > 0)
            if len(longer) < len(left):
                which = longer if isinstance(which, slice) else which[longer]
                starts, left = starts[longer], left[longer]
            yield which, self._at(starts) & _MASKS[np.minimum(left, _WORD)]
            starts, left = starts + _WORD, left - _WORD

    def _at(self, starts: Indices) -> Words:
        """Return the words that begin at some bytes, whatever text these belong to."""
        size = len(self.data) - _WORD + 1
        every: Words = np.ndarray((size,), dtype="<u8", buffer=self.data, strides=(1,))
        return every[starts]

    def _decoded(self, which: slice) -> list[str]:
        starts = self.starts[which]
        if not len(starts):
            return []
        ends = starts + self.lengths[which]
        begin, end = int(starts.min()), int(ends.max())
        data = self.data[begin:end].tobytes()
        spans = zip((starts - begin).tolist(), (ends - begin).tolist(), strict=True)
        if data.isascii():
            text = data.decode()
            return [text[start:end] for start, end in spans]
        return [data[start:end].decode() for start, end in spans]


def _eight(words: Words, lengths: Indices) -> NDArray[np.int64]:
    """Return the integers that the first digits of words denote, which are 8 at most."""
    x = (words ^ _ZEROS) << (np.uint64(8) * (np.uint64(_WORD) - lengths.astype(np.uint64)))
    for factor, shift, mask in (
        (10 << 8, 8, 0x00FF00FF00FF00FF),
        (100 << 16, 16, 0x0000FFFF0000FFFF),
        (10_000 << 32, 32, 0x00000000FFFFFFFF),
    ):
        x = (x * np.uint64(factor + 1) >> np.uint64(shift)) & np.uint64(mask)
    return x.astype(np.int64)


def union(first: Sequence[str], second: Sequence[str]) -> tuple[Sequence[str], Indices]:
    """Return the texts of two sequences, each of which are distinct, and where the second's are.

    Those of the first come first, in their order.
    """
    if isinstance(first, Texts) and isinstance(second, Texts):
        places = second.places_in(first)
        if places is not None:
            new = places < 0
            places[new] = np.arange(len(first), len(first) + int(new.sum()))
            return Texts.joined((first, second.take(new))), places
    at = {text: index for index, text in enumerate(first)}
    found = [at.setdefault(text, len(at)) for text in second]
    return tuple(at), np.array(found, dtype=np.int64)
