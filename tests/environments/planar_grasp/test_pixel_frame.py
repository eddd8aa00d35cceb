import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.pixel_frame import PixelFrame


def test_the_middle_of_the_picture_is_the_tables_origin():
    column, row = PixelFrame(0.001, 5, 4).of(np.zeros((1, 2)))
    assert (column[0], row[0]) == (2.0, 1.5)


@given(st.integers(0, 299), st.integers(0, 199))
def test_the_centre_of_a_pixel_has_whole_numbers(j, i):
    """As the segmentation places pixels: x = (j + 0.5 - W/2) p, y = (H/2 - i - 0.5) p."""
    pitch = 0.3 / 300
    xy = [[(j + 0.5 - 150) * pitch, (100 - i - 0.5) * pitch]]
    np.testing.assert_allclose(PixelFrame(pitch, 300, 200).of(np.array(xy)), [[j], [i]], atol=1e-9)


def test_what_is_in_the_picture_is_known_to_its_edge():
    frame = PixelFrame(0.001, 100, 50)
    places = np.array([[[0.05, 0.025], [-0.05, 0.0]], [[0.0501, 0.0], [0.0, -0.0251]]])
    np.testing.assert_array_equal(frame.shows(places), [[True, True], [False, False]])
