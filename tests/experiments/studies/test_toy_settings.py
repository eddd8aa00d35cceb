import pytest

from fag_tf.config.general import with_general_defaults
from fag_tf.config.parsing import config_from_dict, config_to_dict
from fag_tf.experiments.studies.catalogue import make_plan


@pytest.mark.parametrize(
    ("study", "case", "num_axes"),
    [
        ("methods", "autoregressive", 2),
        ("dimension", "autoregressive, 4 axes", 4),
        ("dimension", "autoregressive, 93,000 interactions, 16 axes", 16),
    ],
)
def test_autoregressive_rows_are_what_a_user_gets(study, case, num_axes):
    """But for the numbers of steps and interactions, and for what this actor does not use."""
    (run, *_) = (run for run in make_plan(study).runs() if run.case == case)
    default = config_to_dict(config_from_dict(with_general_defaults({}, num_axes)))
    same = {**run.config, "env": default["env"], "env_options": {}}
    same["actor"] = {**same["actor"], "kind": "auto"}
    same["collect"] = {**same["collect"], "every": default["collect"]["every"]}
    same["trainer"] = {**same["trainer"], "steps": default["trainer"]["steps"]}
    same["policy"] = {**same["policy"], "num_candidates": default["policy"]["num_candidates"]}
    assert same == default
