"""Changes of an input that have found faults in readers: of bytes, of words, of JSON's tree.

Checksums that a format keeps (PNG, ZIP) are put right again, or every change would end there.
"""

import io
import json
import random
import re
import struct
import zipfile
import zlib

WORDS = (
    *("0", "-1", "1e309", "-1e308", "1e-320", "nan", "inf", "-inf", "9" * 40, "0x10", "1_0"),
    *("[", "]", "{", "}", "(", ")", "<", ">", '"', "'", ",", ";", ":", "=", "\\", "\n", "\r", "\t"),
    *("EMPTY", "Z", "M", "null", "true", "\u0000", "\u202e", "\ufeff", "%s", "../", "&amp;", "#"),
)
_VALUES = (
    *(None, True, False, 0, -1, 2**31, 2**63, 10**40, 0.5, -0.0, 1e308, 1e-320),
    *(float("nan"), float("inf"), "", "a", "1", "\u0000", "\ud800", "x" * 3000, [], {}, [[]]),
    *([0] * 9, {"a": {}}, [None], "os:system", "/etc/passwd"),
)
_NUMBERS = ("0", "-1", "1e309", "1e308", "1e-300", "nan", "1", "99999999999", "65536")
_NUMBER = re.compile(rb"-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
_MOST, _MOST_TREE = 1 << 22, 1 << 16
_PNG = b"\x89PNG\r\n\x1a\n"


def mutated(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Another input like this one; `others` are inputs of the same kind."""
    if data[:2] == b"PK" and rng.random() < 0.9:
        return _of_archive(data, others, rng)[:_MOST]
    if data[:1] in (b"{", b"[") and len(data) < _MOST_TREE and rng.random() < 0.7:
        return _of_tree(data, rng)[:_MOST]
    for _ in range(rng.choice((1, 1, 1, 2, 4, 8))):
        data = rng.choice(_CHANGES)(data, others, rng)
    if data.startswith(_PNG) and rng.random() < 0.9:
        data = _png_with_checksums(data)
    return data[:_MOST]


def _place(data: bytes, rng: random.Random) -> int:
    return rng.randrange(len(data) + 1)


def _span(data: bytes, rng: random.Random) -> slice:
    begin = _place(data, rng)
    return slice(begin, begin + rng.choice((1, 2, 4, 8, 64, 1024)))


def _flip(data, _, rng):
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 16))):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _extreme_bytes(data, _, rng):
    place = _place(data, rng)
    size = rng.choice((1, 2, 4, 8))
    value = rng.choice((0, 1, 0x7F, 0x80, 0xFF, -1, 1 << (8 * size - 1), (1 << (8 * size - 1)) - 1))
    order = rng.choice(("little", "big"))
    put = (value % (1 << 8 * size)).to_bytes(size, order)
    return data[:place] + put + data[place + size :]


def _cut(data, _, rng):
    return data[: _place(data, rng)]


def _drop(data, _, rng):
    span = _span(data, rng)
    return data[: span.start] + data[span.stop :]


def _repeat(data, _, rng):
    span = _span(data, rng)
    return data[: span.start] + data[span] * rng.choice((2, 3, 50, 2000)) + data[span.stop :]


def _insert_word(data, _, rng):
    place = _place(data, rng)
    word = rng.choice(WORDS).encode() * rng.choice((1, 1, 1, 100, 5000))
    return data[:place] + word + data[place:]


def _splice(data, others, rng):
    other = rng.choice(others)
    return data[: _place(data, rng)] + other[_place(other, rng) :]


def _move(data, _, rng):
    span = _span(data, rng)
    left = data[: span.start] + data[span.stop :]
    place = _place(left, rng)
    return left[:place] + data[span] + left[place:]


def _other_number(data, _, rng):
    found = list(_NUMBER.finditer(data))
    if not found:
        return _flip(data, _, rng)
    number = rng.choice(found)
    new = rng.choice(_NUMBERS)
    if rng.random() < 0.3:
        new = rng.choice(found)[0].decode()
    return data[: number.start()] + new.encode() + data[number.end() :]


def _swap_lines(data, _, rng):
    lines = data.split(b"\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    if rng.random() < 0.3:
        del lines[rng.randrange(len(lines))]
    return b"\n".join(lines)


_CHANGES = (
    *(_flip, _extreme_bytes, _cut, _drop, _repeat, _insert_word, _splice, _move, _other_number),
    *(_other_number, _other_number, _swap_lines),
)


def _of_tree(data: bytes, rng: random.Random) -> bytes:
    """JSON with other values at some of its places, whole otherwise."""
    head, size = data, len(data)
    try:
        tree, size = json.JSONDecoder().raw_decode(data.decode())
        head = data[len(data.decode()[:size].encode()) :]
    except (ValueError, RecursionError):
        return _insert_word(data, None, rng)
    for _ in range(rng.choice((1, 1, 2, 4))):
        if _values(tree) > _MOST_TREE:  # lists of lists a hundred times as long, again and again
            break
        places = list(_places(tree))
        if not places:
            break
        owner, key = rng.choice(places)
        kind = rng.randrange(6)
        if kind == 0:
            del owner[key]
        elif kind == 1:
            owner[key] = [owner[key]]
        elif kind == 2 and isinstance(owner, list):
            owner *= rng.choice((2, 100))
        elif kind == 2:
            owner[rng.choice(("", "x", "__class__", "\u0000"))] = owner[key]
        elif kind == 3:
            donor, name = rng.choice(places)
            owner[key] = json.loads(
                json.dumps(donor.get(name) if isinstance(donor, dict) else None)
            )
        elif kind == 4 and isinstance(owner[key], float | int):
            owner[key] *= rng.choice((-1, 0, 1e-9, 1e9, 1e300))
        else:
            owner[key] = rng.choice(_VALUES)
    try:
        text = json.dumps(tree)
    except ValueError:  # a part was put into itself
        return data
    if rng.random() < 0.02:
        text = text.replace("[", "[" * rng.choice((10, 1000, 100_000)), 1)
    return text.encode(errors="surrogatepass") + head


def _places(tree):
    stack = [tree]
    while stack:
        owner = stack.pop()
        keys = list(owner) if isinstance(owner, dict) else range(min(len(owner), 200))
        for key in keys:
            yield owner, key
            if isinstance(owner[key], dict | list) and owner[key]:
                stack.append(owner[key])


def _values(tree) -> int:
    """Number of values of a tree, as they are written; not much beyond the bound."""
    stack, count = [tree], 0
    while stack and count <= _MOST_TREE:
        owner = stack.pop()
        count += len(owner)
        inner = owner.values() if isinstance(owner, dict) else owner
        stack += [each for each in inner if isinstance(each, dict | list)]
    return count


def _of_archive(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """A ZIP file with one member changed and the checksums of the new content."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except Exception:
        return _flip(data, others, rng)
    if not members:
        return data
    name = rng.choice(list(members))
    kind = rng.randrange(8)
    if kind == 0:
        del members[name]
    elif kind == 1:
        members[rng.choice(("x.npy", "depth.npy", "../x", "", "a\u0000b"))] = members[name]
    else:
        whole = list(members.values())
        # An array's header is short and decides the most.
        share = members[name][:128] if rng.random() < 0.7 else members[name]
        changed = rng.choice(_CHANGES)(share, whole, rng)
        members[name] = changed + members[name][len(share) :]
    packed = io.BytesIO()
    with zipfile.ZipFile(
        packed, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    ) as new:
        for each, content in members.items():
            new.writestr(zipfile.ZipInfo(each or "_"), content[:_MOST])
    return packed.getvalue()


def _png_with_checksums(data: bytes) -> bytes:
    place, whole = len(_PNG), [data[: len(_PNG)]]
    while place + 12 <= len(data):
        (size,) = struct.unpack(">I", data[place : place + 4])
        if place + 12 + size > len(data):
            break
        chunk = data[place + 4 : place + 8 + size]
        whole.append(data[place : place + 4] + chunk + struct.pack(">I", zlib.crc32(chunk)))
        place += 12 + size
    return b"".join(whole) + data[place:]
