import numpy as np

from fag_tf.environments.planar_grasp.images.gaps import mend

PITCH = 0.0005


def bar():
    part = np.zeros((60, 120), bool)
    part[20:40, 10:110] = True
    return part, np.where(part, 0.6, 0.0)


def test_a_whole_part_is_left_alone():
    part, apart = bar()
    mended = mend(part, apart, 0.01, PITCH)
    np.testing.assert_array_equal(mended.mask, part)
    assert (mended.joined, mended.filled) == (0.0, 0.0)


def test_pieces_with_a_narrow_gap_are_joined_unless_they_shall_not():
    whole, apart = bar()
    part = whole.copy()
    part[:, 50:56] = False  # 3 mm
    mended = mend(part, apart, 0.01, PITCH)
    np.testing.assert_array_equal(mended.mask, whole)
    assert mended.joined > 0.05
    np.testing.assert_array_equal(mend(part, apart, 0.01, PITCH, join=False).mask, part)


def test_pieces_that_are_far_apart_stay_so():
    part, apart = bar()
    part[:, 45:65] = False  # 10 mm
    np.testing.assert_array_equal(mend(part, apart, 0.01, PITCH).mask, part)


def test_a_hole_that_shows_the_background_stays_and_a_bright_one_is_filled():
    whole, apart = bar()
    part = whole.copy()
    part[22:38, 30:46], part[22:38, 60:76] = False, False
    apart = apart.copy()
    apart[22:38, 30:46] = 0.0
    apart[22:38, 60:76] = 0.25
    mended = mend(part, apart, 0.01, PITCH)
    assert not mended.mask[24:36, 32:44].any()
    assert mended.mask[22:38, 60:76].all()
    assert mended.filled > 0.1


def test_a_hole_narrower_than_any_finger_is_filled():
    part, apart = bar()
    part[28:31, 50:53] = False  # 1.5 mm
    assert mend(part, apart, 0.01, PITCH).mask[28:31, 50:53].all()


def test_a_ring_of_glare_around_its_middle_is_filled():
    part, _ = bar()
    part[22:38, 50:66] = False
    part[28:32, 56:60] = True
    assert mend(part, np.where(part, 0.6, 0.0), 0.01, PITCH).mask[22:38, 50:66].all()


def test_a_hole_into_which_the_part_fades_is_glare():
    row, column = np.mgrid[:80, :120]
    whole = np.zeros((80, 120), bool)
    whole[5:75, 5:115] = True
    glare = np.minimum(0.6, 0.02 * np.hypot(row - 40, column - 60))
    part = whole & (glare > 0.18)
    mended = mend(part, np.where(whole, glare, 0.0), 0.01, PITCH)
    np.testing.assert_array_equal(mended.mask, whole)
    assert mended.hidden < 0.3


def test_a_hole_that_was_filled_though_its_edge_is_sharp_is_told():
    part, apart = bar()
    part[22:38, 60:76] = False
    apart[22:38, 60:76] = 0.25
    assert mend(part, apart, 0.01, PITCH).hidden > 0.7


def test_a_plate_keeps_its_many_holes():
    row, column = np.mgrid[:450, :450]
    part = (row % 45 - 22) ** 2 + (column % 45 - 22) ** 2 > 8**2
    mended = mend(part, np.where(part, 0.6, 0.0), 0.01, PITCH)
    np.testing.assert_array_equal(mended.mask, part)
