import numpy as np

from fag_tf.environments.planar_grasp.images.thresholds import otsu


def test_the_threshold_is_in_the_middle_of_a_gap():
    values = np.concatenate([np.full(900, 0.1), np.full(100, 0.9)])
    assert 0.45 < otsu(values) < 0.55
