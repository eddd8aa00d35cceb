import pytest

from fag_tf.errors import InputError
from fag_tf.experiments.studies.catalogue import make_plan, study_names
from fag_tf.experiments.studies.controls import CONTROLS
from fag_tf.experiments.studies.execution import REJECTION
from fag_tf.objectives.divergences import divergence_names
from fag_tf.training.baselines.registry import METHODS

every_study = pytest.mark.parametrize("name", study_names())


@every_study
def test_every_run_has_a_configuration_and_a_method(name):
    runs = make_plan(name).runs()
    assert len({run.key for run in runs}) == len(runs)
    assert {run.method for run in runs} <= {*METHODS, *CONTROLS, REJECTION}


@every_study
def test_every_table_has_its_controls_and_five_seeds_or_three_of_grasps(name):
    plan = make_plan(name)
    grasps = any(place.name == "planar_grasp" for place in plan.study.places)
    assert plan.seeds == (3 if grasps else 5)
    assert set(CONTROLS) <= {case.method for case in plan.study.cases}


@every_study
def test_the_quick_form_is_small(name):
    runs = make_plan(name, quick=True).runs()
    assert 4 <= len(runs) <= 10
    assert all(run.config["trainer"]["steps"] <= 50 for run in runs)


def test_every_divergence_is_studied():
    cases = {case.name for case in make_plan("divergence").study.cases}
    assert set(divergence_names()) <= cases


def test_the_user_chooses_environments_cases_and_seeds():
    plan = make_plan("critic", seeds=1, places=("ring", "ring"), cases=("uniform",))
    (run,) = plan.runs()
    assert (run.place.name, run.case) == ("ring", "uniform")
    quick = make_plan("critic", quick=True, cases=("collapsed",)).runs()
    assert {run.case for run in quick} == {"collapsed"}


def test_what_there_is_not_is_told():
    with pytest.raises(InputError, match=r"'all'.*bandwidth, "):
        make_plan("all")
    with pytest.raises(InputError, match=r"critic.*'x'"):
        make_plan("critic", cases=("x",))
