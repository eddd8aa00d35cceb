import numpy as np
import pytest

from fag_tf.environments.planar_grasp.images.inner_edges import edge_within

PITCH = 0.0005
GROUND = np.full(3, 0.8, np.float32)
OWN, SHADE = np.array([0.5, 0.3, 0.3]), np.array([0.4, 0.4, 0.4])


def found(beside, fading=0.0):
    """The longest edge within 60 by 100 pixels, of which the right third is of another colour."""
    rng = np.random.default_rng(0)
    share = np.clip((np.arange(100) - 66) / max(fading, 1), 0, 1)[None, :, None]
    picture = np.tile(GROUND, (90, 140, 1))
    picture[15:75, 20:120] = OWN + share * (np.array(beside) - OWN)
    picture += rng.normal(0, 0.005, picture.shape).astype(np.float32)
    part = np.zeros((90, 140), bool)
    part[15:75, 20:120] = True
    return edge_within(picture, part, GROUND, 0.4, 0.005, 0, PITCH)


def test_a_shadow_taken_together_with_the_part_ends_in_an_edge_as_long_as_it_is():
    assert found(SHADE) == pytest.approx(0.03, rel=0.4)


@pytest.mark.parametrize(("beside", "fading"), [(OWN, 0), (SHADE, 40), ([0.9, 0.2, 0.2], 0)])
def test_one_colour_what_fades_and_what_is_no_shadow_have_none(beside, fading):
    assert found(beside, fading) == 0.0


def test_nothing_has_no_edge():
    nothing = np.zeros((9, 9), bool)
    assert edge_within(np.zeros((9, 9, 3)), nothing, GROUND, 0.4, 0.01, 0, PITCH) == 0.0
