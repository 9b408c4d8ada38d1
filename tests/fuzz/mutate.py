"""What becomes of a file in bad hands: a few bytes changed, moved, repeated or lost."""

import random
import re
import struct
from collections.abc import Callable, Sequence
from typing import Final

HEADER_BYTES: Final = 600
"""So many at either end hold most of what a container says of itself."""

INTEGERS: Final = (
    *(0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF),
    *(2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62),
)
NUMBERS: Final = (
    *(b"-1", b"0", b"1e999", b"nan", b"-inf", b"99999999999999999999"),
    *(b"0x10", b"3.5", b"1_0", b"\xd9\xa3", b"9" * 5000),
)
TEXTS: Final = (
    *(b"", b"\0", b"\r", b"\xff\xfe", b"\xef\xbb\xbf", b"\xf0\x9f\x98\x80", b"\xe2\x80\xa8"),
    *(b'"', b"@", b"[", b"*", b"[a-", b"%s{0}", b"=1+1", b"{" * 3000, b"[" * 3000, b"a" * 70_000),
    *(b"../../x", b"/x", b"~nobody/x", b"C:/"),
)

Mutation = Callable[[random.Random, bytearray, Sequence[bytes]], None]


def mutate(rng: random.Random, content: bytes, others: Sequence[bytes], is_text: bool) -> bytes:
    """Return the content of a file after one to four mutations.

    Args:
        rng: that draws them.
        content: of the file.
        others: files of its kind, from which pieces are taken.
        is_text: whether its numbers and lines are changed too.
    """
    changed = bytearray(content)
    kinds = BINARY + (TEXT * 3 if is_text else ())
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        rng.choice(kinds)(rng, changed, others)
    return bytes(changed)


def _place(rng: random.Random, content: bytearray) -> int:
    """Return a place in the content, half of the time near an end."""
    end = len(content)
    ends = (rng.randrange(HEADER_BYTES), end - 1 - rng.randrange(HEADER_BYTES))
    place = rng.choice((*ends, rng.randrange(max(end, 1)), rng.randrange(max(end, 1))))
    return min(max(place, 0), max(end - 1, 0))


def _piece(rng: random.Random, content: bytes | bytearray) -> slice:
    first = rng.randrange(max(len(content), 1))
    return slice(first, first + rng.choice((1, 8, 100, 1000, len(content))))


def _flip(rng: random.Random, content: bytearray, others: Sequence[bytes]) -> None:
    for _ in range(rng.choice((1, 1, 4, 30)) if content else 0):
        content[_place(rng, content)] ^= 1 << rng.randrange(8)


def _number(rng: random.Random, content: bytearray, others: Sequence[bytes]) -> None:
    code, place = rng.choice("BHIQ"), _place(rng, content)
    value = rng.choice(INTEGERS) & (1 << 8 * struct.calcsize(code)) - 1
    packed = struct.pack(rng.choice("<>") + code, value)
    content[place : place + len(packed)] = packed


def _cut(rng: random.Random, content: bytearray, others: Sequence[bytes]) -> None:
    del content[_place(rng, content) :]


def _remove(rng: random.Random, content: bytearray, others: Sequence[bytes]) -> None:
    del content[_piece(rng, content)]


def _repeat(rng: random.Random, content: bytearray, others: Sequence[bytes]) -> None:
    place, piece = _place(rng, content), bytes(content[_piece(rng, content)])
    content[place:place] = piece[:4000] * rng.choice((1, 2, 50))


def _blank(rng: random.Random, content: bytearray, others: Sequence[bytes]) -> None:
    piece = _piece(rng, content)
    content[piece] = rng.choice((b"\0", b"\xff")) * len(content[piece])


def _splice(rng: random.Random, content: bytearray, others: Sequence[bytes]) -> None:
    other, place = rng.choice(others), _place(rng, content)
    taken = other[_piece(rng, other)]
    content[place : place + rng.choice((0, len(taken)))] = taken


def _text_number(rng: random.Random, content: bytearray, others: Sequence[bytes]) -> None:
    if found := list(re.finditer(rb"\d+(\.\d+)?", content)):
        one = rng.choice(found)
        content[one.start() : one.end()] = rng.choice(NUMBERS)


def _text_word(rng: random.Random, content: bytearray, others: Sequence[bytes]) -> None:
    words = list(re.finditer(rb"[^\s,=\"/:\[\]{}]+", content))
    if words:
        one = rng.choice(words)
        content[one.start() : one.end()] = rng.choice((*TEXTS, rng.choice(words).group()))


def _lines(rng: random.Random, content: bytearray, others: Sequence[bytes]) -> None:
    lines = bytes(content).split(b"\n")
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[first : first + rng.choice((0, 1))] = [lines[second]] * rng.choice((0, 1, 2))
    content[:] = rng.choice((b"\n", b"\n", b"\r\n", b"\r")).join(lines)


BINARY: Final[tuple[Mutation, ...]] = (
    *(_flip, _flip, _flip, _number, _number, _number),
    *(_cut, _remove, _repeat, _blank, _splice),
)
TEXT: Final[tuple[Mutation, ...]] = (_text_number, _text_word, _lines)
