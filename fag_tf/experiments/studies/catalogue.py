"""The studies by name, and the plan of a study in the requested size."""

from dataclasses import replace

from fag_tf.errors import InputError
from fag_tf.experiments.studies.grasp_questions import GRASP_STUDIES
from fag_tf.experiments.studies.plan import EnvironmentSpec, Plan, Study, Variant
from fag_tf.experiments.studies.questions import TOY_STUDIES

__all__ = ["QUICK_SEEDS", "make_plan", "study_names"]

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
    plan = Plan(study, seeds, settings)
    return plan.quick(_QUICK) if quick else plan


def _chosen(study: Study, names: tuple[str, ...]) -> tuple[Variant, ...]:
    known = [case.name for case in study.cases]
    for name in names:
        if name not in known:
            raise InputError(f"study {study.name} has no case {name!r}; it has {'; '.join(known)}")
    return tuple(case for case in study.cases if case.name in names)
