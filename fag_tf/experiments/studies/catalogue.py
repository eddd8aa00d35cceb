"""The studies by name, and the plan of a study in the requested size."""

from dataclasses import dataclass, replace

from fag_tf.config.parsing import config_from_dict
from fag_tf.errors import InputError
from fag_tf.experiments.studies.controls import CONTROLS
from fag_tf.experiments.studies.execution import REJECTION
from fag_tf.experiments.studies.fitting import training_key
from fag_tf.experiments.studies.grasp_questions import GRASP_STUDIES
from fag_tf.experiments.studies.plan import EnvironmentSpec, EvaluationSpec, Plan, Study, Variant
from fag_tf.experiments.studies.questions import TOY_STUDIES

__all__ = ["QUICK_SEEDS", "StudyCost", "make_plan", "study_costs", "study_names"]

QUICK_SEEDS = 2

_STUDIES = {**TOY_STUDIES, **GRASP_STUDIES}

_QUICK = (
    "trainer.steps=30",
    "critic.warmup_steps=10",
    "collect.initial_states=16",
    "collect.experiences=32",
    "objective.num_supports=32",
    "objective.num_samples=32",
)


def study_names() -> list[str]:
    """Names of all studies."""
    return sorted(_STUDIES)


@dataclass(frozen=True)
class StudyCost:
    """What a study asks, and what it takes to answer it.

    Attributes:
        name: of the study.
        question: in one sentence.
        seeds: of each case.
        runs: cases in all environments, times seeds.
        trainings: fits; runs that share an actor's training, as `Fits` does it, are one.
        steps: learning steps of all these by their configurations.
    """

    name: str
    question: str
    seeds: int
    runs: int
    trainings: int
    steps: int


def study_costs() -> list[StudyCost]:
    """What every study asks and costs, by name; nothing is run."""
    return [_cost(make_plan(name)) for name in study_names()]


def _cost(plan: Plan) -> StudyCost:
    runs = plan.runs()
    trainings = steps = 0
    kept = ""
    for run in runs:
        if run.method in (*CONTROLS, REJECTION):
            continue
        key = training_key(config_from_dict(run.config)) if run.method == "actor" else ""
        if not key or key != kept:
            trainings += 1
            steps += run.config["trainer"]["steps"]
        kept = key
    study = plan.study
    return StudyCost(study.name, study.question, plan.seeds, len(runs), trainings, steps)


def make_plan(
    name: str,
    *,
    quick: bool = False,
    seeds: int | None = None,
    places: tuple[str, ...] = (),
    cases: tuple[str, ...] = (),
    settings: tuple[str, ...] = (),
) -> Plan:
    """Make the plan of a study.

    Args:
        name: name of the study.
        quick: whether to plan the small form, which only shows that everything works.
        seeds: number of seeds K. The default is the study's own number, or `QUICK_SEEDS` in the
            quick form.
        places: environments that replace the study's own, by entry point or `module:Class`.
        cases: names of the cases to keep; an empty tuple keeps all cases.
        settings: settings that override those of the study, in the form of `--set`.

    Raises:
        InputError: there is no such study, or the study has no such case.
    """
    if name not in _STUDIES:
        raise InputError(f"no study is called {name!r}; there are {', '.join(study_names())}")
    study = _STUDIES[name]()
    if places:
        study = replace(
            study, places=tuple(EnvironmentSpec(place) for place in dict.fromkeys(places))
        )
    if cases:
        study = replace(study, cases=_chosen(study, cases), quick_cases=cases)
    if seeds is None:
        seeds = QUICK_SEEDS if quick else study.seeds
    plan = Plan(study, seeds, settings, EvaluationSpec(c2st_poses=study.c2st_poses))
    return plan.quick(_QUICK) if quick else plan


def _chosen(study: Study, names: tuple[str, ...]) -> tuple[Variant, ...]:
    known = [case.name for case in study.cases]
    for name in names:
        if name not in known:
            raise InputError(f"study {study.name} has no case {name!r}; it has {'; '.join(known)}")
    return tuple(case for case in study.cases if case.name in names)
