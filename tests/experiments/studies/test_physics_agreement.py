from dataclasses import replace

from fag_tf.experiments.studies.physics_agreement import (
    GROUPS,
    agreement_runs,
    execute_agreement,
)

FIRST = replace(agreement_runs(1, True)[0], grasps=4)


def test_a_run_counts_each_group_and_depends_on_its_seed_alone():
    result = execute_agreement(FIRST)
    assert list(result["counts"]) == list(GROUPS)
    for held, total in result["counts"].values():
        assert 0 <= held <= total <= 4
    by_rule = [total for _, total in result["rules"]["refused"].values()]
    assert sum(by_rule) == result["counts"]["refused"][1]
    assert set(result["rules"]["near miss"]) <= {"4", "5", "6"}
    assert 0.0 < result["figures"]["covered"] <= 1.0
    assert execute_agreement(FIRST)["counts"] == result["counts"]
