"""The text of an SVG file before it is drawn: its size, its copies and its arcs without a radius.

An element `use` copies another one, which may hold further ones: a few lines can stand for
billions of shapes. They are counted here without being made.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

from fag_tf._utils.files import read_text
from fag_tf.errors import InputError

__all__ = ["read_source"]

MOST_BYTES = 1 << 22
MOST_ELEMENTS = 20_000
"""Greatest number of elements of a drawing with those that are copied."""

MOST_NUMBERS = 400_000
"""Greatest number of numbers in the outlines of a drawing with those that are copied."""

MOST_STYLE = 1 << 16
"""Largest style sheet, characters. svgelements takes a time that grows with its square."""

_SPACE = r"[\s,]*"
# Atomic, so that a long row of digits is not tried in all its divisions.
_NUMBER = r"((?>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))"
_ARC = re.compile(_SPACE + _SPACE.join([_NUMBER] * 3 + ["([01])"] * 2 + [_NUMBER] * 2))
_DIGITS = re.compile(r"[\d.]+")
_ARCS = re.compile(r"([Aa])([^MmZzLlHhVvCcSsQqTtAa]*)")
_FLATTEST = 1e-12  # ratio of the radii below which numbers cannot tell an arc from a line


def read_source(path: Path) -> str:
    """Read the text of a drawing.

    Returns:
        The text, with arcs that have no radius as the straight lines that they stand for (SVG 2,
        section 9.5.1).

    Raises:
        InputError: the file cannot be read, is not XML, is too large, copies elements without an
            end, or has too many of them.
    """
    text = read_text(path, MOST_BYTES)
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise InputError(f"{path} is not whole XML, so no SVG: {error}") from error
    _check_number(path, root)
    if (
        sum(len("".join(each.itertext())) for each in root.iter() if _is(each, "style"))
        > MOST_STYLE
    ):
        raise InputError(f"{path} has a style sheet of more than {MOST_STYLE:,} characters")
    changed = False
    for element in root.iter():
        data = element.get("d", "")
        straight = _ARCS.sub(_straightened, data) if "a" in data.lower() else data
        if straight != data:
            element.set("d", straight)
            changed = True
    return ElementTree.tostring(root, encoding="unicode") if changed else text


def _check_number(path: Path, root: ElementTree.Element) -> None:
    """Count the elements and numbers with their copies; each element is looked at once."""
    named = {name: element for element in root.iter() if (name := element.get("id"))}
    sizes: dict[ElementTree.Element, tuple[int, int]] = {}
    begun: set[ElementTree.Element] = set()
    waiting = [root]
    while waiting:
        element = waiting[-1]
        if element in begun or element in sizes:
            waiting.pop()
            if element not in sizes:
                parts = [sizes[part] for part in _parts(element, named)]
                number = 1 + sum(elements for elements, _ in parts)
                numbers = _numbers(element) + sum(numbers for _, numbers in parts)
                # Without a bound these would grow to numbers of very many digits.
                sizes[element] = min(number, MOST_ELEMENTS + 1), min(numbers, MOST_NUMBERS + 1)
                begun.discard(element)
            continue
        begun.add(element)
        for part in _parts(element, named):
            if part in begun:
                raise InputError(f"{path} nests elements without an end; a part needs a few")
            if part not in sizes:
                waiting.append(part)
    if sizes[root][1] > MOST_NUMBERS:
        raise InputError(
            f"{path} has more than {MOST_NUMBERS:,} numbers in its outlines with those that it "
            "copies (use); simplify them"
        )
    if sizes[root][0] > MOST_ELEMENTS:
        raise InputError(
            f"{path} has more than {MOST_ELEMENTS:,} elements with those that it copies (use); "
            "a part needs a few"
        )


def _parts(
    element: ElementTree.Element, named: dict[str, ElementTree.Element]
) -> Iterator[ElementTree.Element]:
    """What is drawn with an element: its children, and what it copies."""
    yield from element
    if _is(element, "use"):
        for name, value in element.attrib.items():
            if name.rpartition("}")[2] == "href" and value.strip()[1:] in named:
                yield named[value.strip()[1:]]


def _is(element: ElementTree.Element, name: str) -> bool:
    return isinstance(element.tag, str) and element.tag.rpartition("}")[2] == name


def _numbers(element: ElementTree.Element) -> int:
    """Number of numbers that an element's outline consists of, or a few more."""
    outline = element.get("d", "") + " " + element.get("points", "")
    return len(_DIGITS.findall(outline))


def _straightened(command: re.Match[str]) -> str:
    """A command of arcs, in which those without a radius are lines."""
    letter, text = command[1], command[2]
    written, end = [], 0
    while found := _ARC.match(text, end):
        end = found.end()
        radii = sorted(abs(float(each)) for each in found.group(1, 2))
        if radii[0] <= _FLATTEST * radii[1]:
            written.append(f"{'L' if letter == 'A' else 'l'} {found[6]} {found[7]} ")
        else:
            written.append(f"{letter} {' '.join(found.groups())} ")
    return "".join(written) + (text[end:] if written else letter + text)
