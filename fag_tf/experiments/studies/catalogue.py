"""The studies by their names, and the plan of one in the sizes that are asked for."""

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
    """The plan of a study.

    Args:
        name: of the study.
        quick: the small form, which shows that all works and no more.
        seeds: K; the study's own, or `QUICK_SEEDS` in the quick form, if None.
        places: environments in the place of the study's own, by entry point or `module:Class`.
        cases: names of the cases to keep; all if none are named.
        settings: laid over those of the study, in the form of `--set`.

    Raises:
        InputError: there is no such study, or no such case in it.
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
