import numpy as np
import pytest
import shapely

from fag_tf.environments.planar_grasp.parts.named import (
    PART_NAMES,
    TEST_PARTS,
    TRAINING_PARTS,
    named_part,
)
from fag_tf.environments.planar_grasp.parts.random import MAX_VERTICES, random_part
from fag_tf.environments.planar_grasp.workspace import (
    LONGEST_SIDE,
    centred,
    longest_side,
    size_remark,
)
from fag_tf.errors import InputError


@pytest.mark.parametrize("name", PART_NAMES)
def test_a_named_part_is_one_valid_centred_polygon_of_trained_size(name):
    written, part = named_part(name)
    assert written == name
    assert part.geom_type == "Polygon"
    assert part.is_valid
    np.testing.assert_allclose(shapely.get_coordinates(part.centroid), 0.0, atol=1e-12)
    assert longest_side(part) == pytest.approx(0.14, rel=0.01)


def test_holes_are_where_the_letters_have_them():
    assert {name: len(named_part(name)[1].interiors) for name in PART_NAMES} == dict.fromkeys(
        PART_NAMES, 0
    ) | {"8": 2, "O": 1}


def test_training_and_test_parts_do_not_meet():
    assert TRAINING_PARTS == ("H", "8", "Spoon", "T")
    assert TEST_PARTS == ("C", "L", "X", "hammer", "O")


@pytest.mark.parametrize(
    ("typed", "name"), [("h", "H"), ("SPOON", "Spoon"), (" Hammer ", "hammer"), ("eight", "8")]
)
def test_names_are_found_in_any_case(typed, name):
    assert named_part(typed)[0] == name


def test_an_unknown_name_is_answered_with_the_names():
    with pytest.raises(InputError, match=r"'wrench'.*H, 8, Spoon, T, C"):
        named_part("wrench")


def test_longest_side_does_not_depend_on_the_turn():
    for turn in (0.0, 0.3, 1.2):
        part = shapely.affinity.rotate(shapely.box(0, 0, 0.1, 0.04), turn, use_radians=True)
        assert longest_side(part) == pytest.approx(0.1)


def test_centring_puts_the_centroid_of_area_at_the_origin():
    part = centred(shapely.box(3, 4, 5, 5))
    assert part.bounds == pytest.approx((-1, -0.5, 1, 0.5))


def test_sizes_outside_training_are_remarked_on():
    assert size_remark(0.14, "--units") is None
    assert size_remark(0.4, "--units") == (
        "the object is 0.4 m long, models of any part are trained on 0.05 to 0.17 m; "
        "is --units right?"
    )
    assert size_remark(0.04, "--units", slack=0.1) is not None
    assert size_remark(0.046, "--units", slack=0.1) is None


def test_random_parts_are_valid_centred_and_of_the_stated_size():
    rng = np.random.default_rng(3)
    parts = [random_part(rng) for _ in range(400)]
    sides = np.array([longest_side(part) for part in parts])
    assert all(part.geom_type == "Polygon" and part.is_valid for part in parts)
    assert LONGEST_SIDE[0] - 1e-9 <= sides.min() <= sides.max() <= LONGEST_SIDE[1] + 1e-9
    assert max(shapely.get_num_coordinates(part) for part in parts) <= MAX_VERTICES
    centroids = shapely.get_coordinates(shapely.centroid(parts))
    np.testing.assert_allclose(centroids, 0.0, atol=1e-12)


def test_random_parts_vary():
    rng = np.random.default_rng(4)
    parts = np.array([random_part(rng) for _ in range(400)])
    sides = np.array([longest_side(part) for part in parts])
    holes = shapely.get_num_interior_rings(parts)
    solidity = shapely.area(parts) / shapely.area(shapely.convex_hull(parts))
    # Sizes are uniform: the fraction below the middle has a standard error of 0.025.
    assert np.mean(sides < np.mean(LONGEST_SIDE)) == pytest.approx(0.5, abs=0.1)
    assert 0.05 < np.mean(holes > 0) < 0.5
    assert np.mean(solidity < 0.5) > 0.1
    assert np.mean(solidity > 0.95) > 0.1


def test_the_same_seed_gives_the_same_part():
    first, second = (random_part(np.random.default_rng(9)) for _ in range(2))
    assert shapely.equals_identical(first, second)
