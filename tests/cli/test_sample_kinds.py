"""A few files of the kinds that people bring; `reference.part_files` makes and judges more."""

import itertools

import numpy as np
import pytest

from fag_tf.cli.main import run
from reference import part_files


@pytest.mark.parametrize(
    ("maker", "least"),
    [
        (part_files.wide_views, 1),
        (part_files.several_parts, 3),
        (part_files.depth_pictures, 2),
        (part_files.outlines, 2),
    ],
)
def test_files_of_every_kind_are_served_with_grasps_that_hold(maker, least, tmp_path, capsys):
    for file in itertools.islice(maker(tmp_path, np.random.default_rng(1)), least):
        assert run(part_files.arguments_of(file, 32)) == 0
        verdict = part_files.judge(file, capsys.readouterr().out)
        assert verdict.counts == (32,) * len(file.parts)
        assert verdict.holds >= part_files.LEAST[file.source]
        assert verdict.meets == 0
