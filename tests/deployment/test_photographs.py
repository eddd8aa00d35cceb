"""Photographs of parts, each read, grasped with the shipped model, and judged on the true part.

`FAG_TF_PHOTOGRAPHS=held` or `=seen` judges the two hundred photographs of that set, and prints the
figures that the documents show.
"""

import os

import pytest

from fag_tf.deployment.grasp_sampling import GraspModel
from fag_tf.deployment.sampler import load_model
from reference.photographs import HELD_SEEDS, SEEN_SEEDS, outcome_of, summary

SETS = {"held": HELD_SEEDS, "seen": SEEN_SEEDS}
FEW = SEEN_SEEDS[:20]


@pytest.mark.slow
def test_grasps_of_photographs_hold_or_the_outline_is_doubted(tmp_path):
    model = GraspModel(load_model())
    chosen = os.environ.get("FAG_TF_PHOTOGRAPHS")
    seeds = FEW if chosen is None else SETS[chosen]
    figures = summary([outcome_of(seed, model, tmp_path) for seed in seeds])
    print(figures)
    assert figures["hold of those"] >= 0.97
    # Of twenty, one that is wrong and not told is a tenth of nothing.
    untold = figures["wrong"] - figures["wrong and told"]
    assert untold <= max(1, 0.1 * figures["wrong"])
    assert figures["without a note"] >= 0.6 * len(seeds)
