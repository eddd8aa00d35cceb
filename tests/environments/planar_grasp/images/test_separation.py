import numpy as np
import pytest
import shapely

from fag_tf.environments.planar_grasp.images.separation import Objects


def share(*boxes, shape=(60, 80)):
    """Boxes (top, left, bottom, right) in a picture."""
    picture = np.zeros(shape, np.float32)
    for top, left, bottom, right in boxes:
        picture[top:bottom, left:right] = 1.0
    return picture


LEFT, RIGHT = (10, 5, 30, 25), (20, 40, 50, 70)


def test_objects_are_numbered_from_left_to_right_and_drawn_alone():
    objects = Objects(share(RIGHT, LEFT))
    assert len(objects) == 2
    for number, box in enumerate((LEFT, RIGHT)):
        np.testing.assert_array_equal(objects.alone(number), share(box))
        (outline,) = objects.outlines(number)
        top, left, bottom, right = box
        wanted = shapely.box(left - 40, 30 - bottom, right - 40, 30 - top)
        assert outline.symmetric_difference(wanted).area < 0.02 * wanted.area


def test_of_two_at_the_same_column_the_lower_comes_first():
    objects = Objects(share((5, 5, 15, 15), (30, 5, 40, 15)))
    assert objects.alone(0)[35, 10] == 1.0


def test_specks_and_what_is_nowhere_solid_are_no_objects():
    picture = share(LEFT, (40, 60, 41, 62))  # 2 of 400 pixels
    picture[50:55, 5:60] = 0.4
    assert len(Objects(picture)) == 1
    assert len(Objects(np.zeros((10, 10), np.float32))) == 0


def test_a_soft_edge_belongs_to_its_object_but_not_to_the_next():
    picture = share(LEFT)
    picture[10:30, 25:27] = (0.2, 0.1)
    picture[10:30, 28:40] = 1.0
    first, second = (Objects(picture).alone(number) for number in (0, 1))
    assert first[15, 25] == pytest.approx(0.2)
    assert first[15, 28] == 0.0
    assert second[15, 24] == 0.0
    assert second[15, 28] == 1.0


def test_an_object_at_the_edge_of_the_picture_is_whole():
    picture = share((0, 0, 20, 30), (40, 60, 60, 80))
    objects = Objects(picture)
    assert sum(objects.alone(number).sum() for number in (0, 1)) == picture.sum()
    assert objects.outlines(1)[0].bounds == pytest.approx((20, -30, 40, -10), abs=0.6)
