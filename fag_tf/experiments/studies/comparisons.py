"""The studies of toys that compare: numbers of axes, and other methods."""

from fag_tf.config.general import settings_by_axes, settings_without_density
from fag_tf.experiments.studies.controls import CONTROLS
from fag_tf.experiments.studies.plan import EnvironmentSpec, Study, Variant
from fag_tf.experiments.studies.toy_settings import AUTOREGRESSIVE, BOXES, CONTROL_CASES, SMALL

__all__ = ["dimension_study", "methods_study"]

_DIMENSIONS = (1, 2, 4, 8, 16)
_CRITIC_GRADIENT = ("objective.critic_gradient={start=0.0, end=0.2, finish=0.3}",)
_VERDICTS = ("trainer.target='environment'",)
# Number of steps at which other methods take as long as the actor.
_EQUAL_TIME = {
    "maxent mixture": 750,
    "maxent flow": 250,
    "flow": 250,
    "wgan": 250,
    "cross-entropy search": 1300,
    "filtered uniform": 1300,
}
_OWN_SAMPLES = settings_without_density()
_WITH_THE_SAME_CRITIC = {
    "filtered": ("filtered uniform", ()),
    "maxent mixture": ("maxent mixture", _OWN_SAMPLES),
    "flow": ("flow", _OWN_SAMPLES),
    "cross-entropy search": ("cross-entropy search", ()),
}
"""Methods beside the default actor, on its critic and its interactions, by their rows' names."""


def dimension_study() -> Study:
    """The study of the number of axes."""
    recipes = {
        "plain": (),
        "Scott's bandwidth": ("objective.scott_factor=0.5",),
        "critic's gradient": _CRITIC_GRADIENT,
        "both": ("objective.scott_factor=0.5", *_CRITIC_GRADIENT),
        # Labels of the environment show the divergence estimate without errors of a critic.
        "exact verdicts": _VERDICTS,
        "exact verdicts, Scott's bandwidth": ("objective.scott_factor=0.5", *_VERDICTS),
    }

    def cases_of(
        series: str,
        method: str = "actor",
        settings: tuple[str, ...] = (),
        by_axes: bool = False,
    ) -> list[Variant]:
        return [
            Variant(
                f"{series}, {dim} {'axis' if dim == 1 else 'axes'}",
                method=method,
                settings=(*settings, *(settings_by_axes(dim) if by_axes else ())),
                env_options={"dim": dim},
                series=series,
                x=float(dim),
            )
            for dim in _DIMENSIONS
        ]

    learnt = [case for name, own in recipes.items() for case in cases_of(name, settings=own)]
    learnt += cases_of("autoregressive", settings=AUTOREGRESSIVE, by_axes=True)
    twice = (*AUTOREGRESSIVE, "collect.every=6")
    many = cases_of("autoregressive, 93,000 interactions", settings=twice, by_axes=True)
    for name, (method, own) in _WITH_THE_SAME_CRITIC.items():
        learnt += cases_of(f"{name}, the same critic", method, (*AUTOREGRESSIVE, *own))
        many += cases_of(f"{name}, the same critic, 93,000", method, (*twice, *own))
    learnt += [case for case in many if case.x >= 8.0]
    controls = [case for name in CONTROLS for case in cases_of(name, name)]
    return Study(
        name="dimension",
        question="How far does it go with the number of axes, and what moves the limit?",
        cases=(*learnt, *controls),
        places=(
            EnvironmentSpec("islands"),
            EnvironmentSpec("islands", {"shape": "ball"}),
            # With sixteen axes nothing is found in balls without a violation.
            EnvironmentSpec("islands", {"shape": "ball", "graded": True}),
            EnvironmentSpec("reach"),
        ),
        settings=SMALL,
        quick_cases=("plain, 2 axes", "plain, 8 axes", "both, 8 axes", "uniform, 8 axes"),
        axis="axes of an action",
        logarithmic=True,
        columns=("effective_samples", "peak_megabytes"),
        c2st_poses=1,
    )


def methods_study() -> Study:
    """The study of other methods."""
    names = (
        "actor",
        "maxent gaussian",
        "maxent mixture",
        "maxent flow",
        "flow",
        "wgan",
        "cross-entropy search",
        "filtered uniform",
        "exact rejection",
    )
    return Study(
        name="methods",
        question="What would another method give for the same interactions, or the same time?",
        cases=(
            *(Variant(name, method=name) for name in names),
            Variant("actor, four proposals", settings=("policy.num_candidates=4",)),
            Variant("autoregressive", settings=AUTOREGRESSIVE),
            *(
                Variant(f"{method}, the same critic", method, (*AUTOREGRESSIVE, *own))
                for method, own in _WITH_THE_SAME_CRITIC.values()
            ),
            *(
                Variant(f"{name}, {steps:,} steps", name, (f"trainer.steps={steps}",))
                for name, steps in _EQUAL_TIME.items()
            ),
            *CONTROL_CASES,
        ),
        places=(BOXES,),
        settings=SMALL,
        quick_cases=("flow", "maxent mixture", "exact rejection", "uniform"),
        c2st_poses=1,
    )
