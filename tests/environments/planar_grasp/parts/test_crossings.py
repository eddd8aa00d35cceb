import numpy as np
import pytest

from fag_tf.environments.planar_grasp.parts import crossings
from fag_tf.environments.planar_grasp.parts.crossings import check_crossings
from fag_tf.errors import InputError


def grid(lines):
    """A ring of rows and one of columns, which cross in at least `lines`² places."""
    there_and_back = np.array(
        [(x, y) for y in range(lines) for x in ((-1, lines), (lines, -1))[y % 2]], float
    )
    return [there_and_back, there_and_back[:, ::-1] + 0.25]


def test_what_crosses_seldom_passes_and_what_crosses_often_does_not(monkeypatch):
    check_crossings("p", grid(20))
    monkeypatch.setattr(crossings, "MOST_CROSSINGS", 399)
    with pytest.raises(InputError, match="399 places"):
        check_crossings("p", grid(20))
    monkeypatch.setattr(crossings, "MOST_CROSSINGS", 500)
    check_crossings("p", grid(20))


def test_the_corners_of_a_ring_are_no_crossings(monkeypatch):
    monkeypatch.setattr(crossings, "MOST_CROSSINGS", 0)
    angles = np.linspace(0.0, 2 * np.pi, 500, endpoint=False)
    check_crossings("p", [np.stack([np.cos(angles), np.sin(angles)], axis=1)])
    check_crossings("p", [])
    check_crossings("p", [np.zeros((1, 2))])


def test_very_many_points_are_refused(monkeypatch):
    monkeypatch.setattr(crossings, "MOST_POINTS", 10)
    with pytest.raises(InputError, match="more than 10 points"):
        check_crossings("p", [np.zeros((6, 2)), np.ones((6, 2))])
