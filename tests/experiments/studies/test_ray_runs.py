from fag_tf.experiments.studies.catalogue import make_plan
from fag_tf.experiments.studies.ray_runs import shared_trainings


def test_runs_that_share_a_training_are_one_task_and_no_run_is_lost():
    plan = make_plan("recipe", quick=False, seeds=2, places=(), cases=(), settings=())
    runs = plan.runs()
    groups = shared_trainings(runs)
    assert sorted(run.key for group in groups for run in group) == sorted(run.key for run in runs)
    assert len({run.key for run in runs}) == len(runs) > len(groups)
    for group in groups:
        assert len({run.seed for run in group}) == 1
        if len(group) > 1:
            assert {run.method for run in group} == {"actor"}
            assert len({str(dict(run.config, policy=None)) for run in group}) == 1
