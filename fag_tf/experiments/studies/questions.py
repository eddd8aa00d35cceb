"""The studies of toys: their questions, cases and environments."""

from collections.abc import Callable, Mapping

from fag_tf.config.general import general_settings
from fag_tf.config.schema import ObjectiveConfig
from fag_tf.experiments.studies.controls import CONTROLS
from fag_tf.experiments.studies.plan import EnvironmentSpec, Study, Variant

__all__ = ["CONTROL_CASES", "PLAIN_ESTIMATOR", "TOY_STUDIES"]

# Sizes at which a run on a toy takes seconds on one core. The library's defaults are for images.
_SMALL = (
    "actor.kind='implicit'",
    "actor.width=64",
    "policy.num_candidates=1",
    "actor.learning_rate={start=8e-3, end=8e-4, shape='cosine', begin=0.3}",
    "critic.width=64",
    "critic.states=8",
    "critic.experiences=256",
    "critic.updates=1",
    "critic.learning_rate={start=8e-3, end=8e-4, shape='cosine', begin=0.3}",
    "objective.num_supports=128",
    "objective.num_samples=128",
    "collect.states=8",
    "collect.initial_states=128",
    "collect.experiences=128",
    "collect.every=16",
    "collect.until=1.0",
    # These options are off, as in the published tables; toys were not tried with them.
    "collect.uncertain_share=0.0",
    "critic.average=0.0",
    "trainer.steps=600",
    "trainer.batch=8",
    "trainer.compile=false",
)
# What a user gets, but for the number of interactions, 55,000, and a quarter fewer steps.
_AUTOREGRESSIVE = (
    "actor.kind='autoregressive'",
    "critic.experiences=32",
    "collect.experiences=32",
    "collect.initial_states=512",
    "collect.uncertain_share=0.5",
    *general_settings(),
    "collect.every=12",
    "trainer.steps=900",
)
# The volume ratio of two boxes varies by state, up to nine to one: one mode is easy to miss.
_BOXES = EnvironmentSpec("boxes", {"num_boxes": 2})
_MOONS = EnvironmentSpec("moons")
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
CONTROL_CASES = tuple(Variant(name, method=name) for name in CONTROLS)
"""Cases that every table has."""

PLAIN_ESTIMATOR = (
    "objective.uniform_weight=0.0",
    "objective.wide_weight=0.0",
    "objective.bandwidth=0.1",
    "objective.proposal_ratio=2.0",
    "objective.critic_gradient=0.0",
)
"""The paper's estimator: one bandwidth, and a proposal that is only a wider mixture."""

# Csiszar functions of TensorFlow Probability that are distinct divergences, without importing it; a
# test compares them with `divergence_names`.
_DIVERGENCES = (
    "jensen_shannon",
    "kl_forward",
    "kl_reverse",
    "amari_alpha",
    "arithmetic_geometric",
    "chi_square",
    "jeffreys",
    "log1p_abs",
    "modified_gan",
    "pearson",
    "squared_hellinger",
    "total_variation",
    "triangular",
)


def _divergence() -> Study:
    def chosen(name: str) -> tuple[str, ...]:
        # All divergences have the same floor, because some need one.
        return (f"objective.divergence={{{name}=1.0}}", "objective.target_floor=1e-3")

    cases = [
        Variant(name, settings=(*chosen(name), "objective.critic_gradient=0.0"))
        for name in _DIVERGENCES
    ]
    cases += [
        Variant(f"{name}, plain estimator", settings=(*chosen(name), *PLAIN_ESTIMATOR))
        for name in _DIVERGENCES[:3]
    ]
    return Study(
        name="divergence",
        question="Which divergences visit every mode, and which collapse?",
        cases=(*cases, *CONTROL_CASES),
        places=(_BOXES,),
        settings=_SMALL,
        quick_cases=("jensen_shannon", "kl_reverse, plain estimator", "collapsed", "perfect"),
    )


def _bandwidth() -> Study:
    sigmas = (0.01, 0.03, 0.1, 0.5)
    cases = [
        Variant(
            f"fixed {sigma:g}",
            settings=(f"objective.bandwidth={sigma}",),
            series="fixed",
            x=sigma,
        )
        for sigma in sigmas
    ]
    cases += [
        Variant(
            f"annealed to {sigma:g}",
            settings=(
                f"objective.bandwidth={{start=0.5, end={sigma}, shape='geometric', finish=0.8}}",
            ),
            series="annealed from 0.5",
            x=sigma,
        )
        for sigma in sigmas[:-1]
    ]
    annealed = "objective.bandwidth={start=0.5, end=0.03, shape='geometric', finish=0.8}"
    cases += [
        Variant(
            f"annealed to 0.03, on axis {axis} to {sigma}",
            settings=(annealed, f"objective.axis_bandwidth={{{axis}={factor}}}"),
        )
        for axis in (0, 1)
        for sigma, factor in ((0.01, 0.333), (0.09, 3.0))
    ]
    return Study(
        name="bandwidth",
        question="How sensitive is the actor to the final bandwidth, fixed or annealed?",
        cases=(*cases, *CONTROL_CASES),
        places=(_MOONS,),
        settings=_SMALL,
        quick_cases=("fixed 0.1", "annealed to 0.03", "uniform", "perfect"),
        axis="final bandwidth (half-ranges)",
        logarithmic=True,
    )


def _critic() -> Study:
    few = {
        "1,000 interactions": 8,
        "4,000 interactions": 32,
    }
    cases = [Variant("as in the other studies")]
    cases += [
        Variant(
            name,
            # All interactions are spent before learning starts.
            settings=(f"collect.initial_states={states}", "collect.until=0.0"),
        )
        for name, states in few.items()
    ]
    cases += [
        Variant(f"network of width {width}, depth {depth}", settings=tuple(settings))
        for width, depth, settings in (
            (4, 1, ["critic.width=4", "critic.depth=1"]),
            (16, 2, ["critic.width=16", "critic.depth=2"]),
        )
    ]
    cases += [
        Variant(f"{share:.0%} of labels turned round", degraded={"label_noise": share})
        for share in (0.1, 0.3)
    ]
    cases += [
        Variant(
            f"boundary moved {abs(shift):g} {'outwards' if shift > 0 else 'inwards'}",
            degraded={"boundary_shift": shift},
        )
        for shift in (0.05, 0.15, -0.05)
    ]
    return Study(
        name="critic",
        question="How good must the critic be, and how often does the actor exploit its errors?",
        cases=(*cases, *CONTROL_CASES),
        places=(_MOONS,),
        settings=_SMALL,
        quick_cases=("4,000 interactions", "10% of labels turned round", "uniform", "perfect"),
    )


def _imitation() -> Study:
    bandwidth = ObjectiveConfig().bandwidth.end
    recipes = {
        "full recipe": (),
        "no annealing": (f"objective.bandwidth={bandwidth}",),
        "no defensive part": ("objective.uniform_weight=0.0",),
        "neither": (f"objective.bandwidth={bandwidth}", "objective.uniform_weight=0.0"),
    }
    cases = [
        Variant(
            f"{recipe}, {count:,} examples",
            settings=(*settings, f"collect.num_imitation={count}"),
            series=recipe,
            # Zero has no place on a logarithmic axis; it is drawn a decade below the least number.
            x=float(count or 100),
        )
        for recipe, settings in recipes.items()
        for count in ((0, 1000, 100_000) if recipe == "full recipe" else (0, 100_000))
    ]
    return Study(
        name="imitation",
        question="Are examples to imitate needed?",
        cases=(*cases, *CONTROL_CASES),
        places=(_BOXES,),
        settings=_SMALL,
        quick_cases=("full recipe, 0 examples", "full recipe, 1,000 examples", "uniform"),
        axis="examples (none at 100)",
        logarithmic=True,
    )


def _dimension() -> Study:
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
        series: str, method: str = "actor", settings: tuple[str, ...] = ()
    ) -> list[Variant]:
        return [
            Variant(
                f"{series}, {dim} {'axis' if dim == 1 else 'axes'}",
                method=method,
                settings=settings,
                env_options={"dim": dim},
                series=series,
                x=float(dim),
            )
            for dim in _DIMENSIONS
        ]

    learnt = [case for name, own in recipes.items() for case in cases_of(name, settings=own)]
    learnt += cases_of("autoregressive", settings=_AUTOREGRESSIVE)
    learnt += cases_of("filtered, the same critic", "filtered uniform", _AUTOREGRESSIVE)
    twice = (*_AUTOREGRESSIVE, "collect.every=6")
    learnt += [
        case
        for case in (
            *cases_of("autoregressive, 93,000 interactions", settings=twice),
            *cases_of("filtered, the same critic, 93,000", "filtered uniform", twice),
        )
        if case.x >= 8.0
    ]
    controls = [case for name in CONTROLS for case in cases_of(name, name)]
    return Study(
        name="dimension",
        question="How far does it go with the number of axes, and what moves the limit?",
        cases=(*learnt, *controls),
        places=(
            EnvironmentSpec("islands"),
            EnvironmentSpec("islands", {"shape": "ball"}),
            EnvironmentSpec("reach"),
        ),
        settings=_SMALL,
        quick_cases=("plain, 2 axes", "plain, 8 axes", "both, 8 axes", "uniform, 8 axes"),
        axis="axes of an action",
        logarithmic=True,
        columns=("effective_samples", "peak_megabytes"),
        c2st_poses=1,
    )


def _methods() -> Study:
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
            Variant("autoregressive", settings=_AUTOREGRESSIVE),
            Variant("filtered uniform, the same critic", "filtered uniform", _AUTOREGRESSIVE),
            *(
                Variant(f"{name}, {steps:,} steps", name, (f"trainer.steps={steps}",))
                for name, steps in _EQUAL_TIME.items()
            ),
            *CONTROL_CASES,
        ),
        places=(_BOXES,),
        settings=_SMALL,
        quick_cases=("flow", "maxent mixture", "exact rejection", "uniform"),
        c2st_poses=1,
    )


TOY_STUDIES: Mapping[str, Callable[[], Study]] = {
    "bandwidth": _bandwidth,
    "critic": _critic,
    "dimension": _dimension,
    "divergence": _divergence,
    "imitation": _imitation,
    "methods": _methods,
}
"""Function that makes each study, by name of the study."""
