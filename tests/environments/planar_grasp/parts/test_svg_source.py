import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.parts.svg_source import read_source
from fag_tf.errors import InputError


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("source") / "part.svg"


def outline(path, data):
    """What becomes of the outline of a drawing."""
    root = ElementTree.Element("svg")
    ElementTree.SubElement(root, "path", d=data)
    path.write_text(ElementTree.tostring(root, encoding="unicode"))
    return ElementTree.fromstring(read_source(path))[0].get("d").split()


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ("A 0 1 2 0 1 3 4", "L 3 4"),
        ("a1-0 2 0 1 3-4", "l 3 -4"),
        ("M0 0A5 6 0 1 0 7 8 0 6 0 0 0 9 9z", "M0 0A 5 6 0 1 0 7 8 L 9 9 z"),
        ("A.0.5 0 01.5.5", "L .5 .5"),
        ("A 5 6 0 1 0 7 8", "A 5 6 0 1 0 7 8"),
        ("A 5 6", "A 5 6"),
        ("M 1e2 1E-2 L 3 4", "M 1e2 1E-2 L 3 4"),
    ],
)
def test_only_arcs_without_a_radius_become_lines(data, wanted, path):
    assert outline(path, data) == wanted.split()


@settings(max_examples=60, deadline=2000)
@given(data=st.text("Aa0123456789.,- eEzL", max_size=200))
def test_whatever_stands_there_is_read_soon(data, path):
    outline(path, data)


def test_a_long_row_of_digits_is_read_soon(path):
    outline(path, "A" + "1" * 200_000)


@pytest.mark.parametrize("reference", ["href", "{http://www.w3.org/1999/xlink}href"])
def test_copies_are_counted_with_what_they_copy(reference, path, monkeypatch):
    root = ElementTree.Element("svg")
    group = ElementTree.SubElement(root, "g", id="a")
    for _ in range(4):
        ElementTree.SubElement(group, "rect")
    for _ in range(3):
        ElementTree.SubElement(root, "use", {reference: "#a"})
    path.write_text(ElementTree.tostring(root, encoding="unicode"))
    number = 1 + 5 + 3 * (1 + 5)
    module = "fag_tf.environments.planar_grasp.parts.svg_source.MOST_ELEMENTS"
    monkeypatch.setattr(module, number)
    read_source(path)
    monkeypatch.setattr(module, number - 1)
    with pytest.raises(InputError, match=f"{number - 1} elements"):
        read_source(path)
