import re
from dataclasses import replace

import pytest

from fag_tf.errors import InputError
from fag_tf.experiments.studies.plan import (
    EnvironmentSpec,
    EvaluationSpec,
    Plan,
    Study,
    StudyRun,
    Variant,
)

STUDY = Study(
    name="tiny",
    question="Does it work?",
    cases=(
        Variant("narrow", settings=("objective.bandwidth=0.05",)),
        Variant("noisy", degraded={"label_noise": 0.5}),
        Variant("uniform", method="uniform"),
    ),
    places=(EnvironmentSpec("boxes", {"num_boxes": 2}), EnvironmentSpec("ring")),
    settings=("objective.bandwidth=0.2", "trainer.steps=5"),
    quick_cases=("narrow", "uniform"),
)


def test_every_case_is_run_in_every_place_with_every_seed_and_seeds_come_first():
    runs = Plan(STUDY, seeds=3).runs()
    assert all(isinstance(run, StudyRun) for run in runs)
    assert len({run.key for run in runs}) == len(runs) == 3 * 2 * 3
    assert [run.seed for run in runs] == sorted(run.seed for run in runs)
    assert {run.config["seed"] for run in runs} == {0, 1, 2}


def test_settings_of_the_user_come_after_those_of_the_case_and_those_after_the_studys():
    narrow, noisy, _ = Plan(STUDY, seeds=1).runs()[:3]
    assert narrow.config["objective"]["bandwidth"]["end"] == 0.05
    assert noisy.config["objective"]["bandwidth"]["end"] == 0.2
    own = Plan(STUDY, seeds=1, settings=("objective.bandwidth=0.7",)).runs()[0]
    assert own.config["objective"]["bandwidth"]["end"] == 0.7
    assert own.config["trainer"]["steps"] == 5


def test_a_degraded_case_learns_elsewhere_than_it_is_evaluated():
    noisy = Plan(STUDY, seeds=1).runs()[1]
    assert noisy.place == EnvironmentSpec("boxes", {"num_boxes": 2})
    assert noisy.config["env"].endswith(":DegradedEnvironment")
    assert noisy.config["env_options"] == {
        "env": "boxes",
        "env_options": {"num_boxes": 2},
        "label_noise": 0.5,
    }


def test_options_of_a_case_are_laid_over_those_of_the_place_and_the_table_stays_the_places():
    case = Variant("wide", env_options={"dim": 3})
    (run,) = Plan(replace(STUDY, cases=(case,), places=STUDY.places[:1]), seeds=1).runs()
    assert run.place.options == run.config["env_options"] == {"num_boxes": 2, "dim": 3}
    assert run.label == STUDY.places[0].label


def test_whatever_decides_a_result_is_part_of_the_key():
    run = Plan(STUDY, seeds=1).runs()[0]
    config = {**run.config, "seed": 9}
    others = [
        replace(run, method="flow"),
        replace(run, place=EnvironmentSpec("ring")),
        replace(run, config=config),
        replace(run, evaluated=EvaluationSpec(poses=3)),
        replace(run, evaluated=EvaluationSpec(objects=("a", "b"))),
    ]
    assert len({each.key for each in (run, *others)}) == 6
    assert replace(run).key == run.key


def test_objects_of_a_place_are_evaluated_in_one_pose_each():
    place = EnvironmentSpec("planar_grasp", objects=("random:0-3",))
    (run,) = Plan(replace(STUDY, cases=STUDY.cases[:1], places=(place,)), seeds=1).runs()
    assert run.evaluated == EvaluationSpec(objects=("random:0-3",), poses=1)


def test_a_key_is_a_harmless_file_name():
    run = replace(Plan(STUDY, seeds=1).runs()[0], case="a/b: 10% " + "long " * 60)
    assert set(run.key) <= set("-._") | {*map(chr, range(48, 58))} | {
        c for c in run.key if c.isalpha()
    }
    assert len(run.key) < 120


def test_the_quick_form_has_one_place_and_its_cases():
    plan = Plan(STUDY, seeds=2).quick(("trainer.steps=2",))
    runs = plan.runs()
    assert {(run.place.name, run.case) for run in runs} == {
        ("boxes", "narrow"),
        ("boxes", "uniform"),
    }
    assert {run.config["trainer"]["steps"] for run in runs} == {2}


@pytest.mark.parametrize("setting", ["env=ring", "seed=3", "env_options.dim=2"])
def test_a_setting_of_what_the_study_itself_decides_is_refused(setting):
    option = re.split("[.=]", setting)[0]
    with pytest.raises(InputError, match=f"--set {option}:.*--seeds"):
        Plan(STUDY, settings=(setting,)).runs()
