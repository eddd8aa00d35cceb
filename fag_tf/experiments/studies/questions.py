"""The studies of toys: their questions, cases and environments.

`dimension` and `methods` are in `comparisons`.
"""

from collections.abc import Callable, Mapping

from fag_tf.config.schema import ObjectiveConfig
from fag_tf.experiments.studies.comparisons import dimension_study, methods_study
from fag_tf.experiments.studies.plan import EnvironmentSpec, Study, Variant
from fag_tf.experiments.studies.toy_settings import (
    AUTOREGRESSIVE,
    BOXES,
    CONTROL_CASES,
    PLAIN_ESTIMATOR,
    SMALL,
)

__all__ = ["TOY_STUDIES"]

_MOONS = EnvironmentSpec("moons")
# Rows with what a user gets by default begin with this.
_TODAY = "autoregressive"
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
    cases.append(Variant(_TODAY, settings=AUTOREGRESSIVE))
    cases += [
        Variant(f"{_TODAY}, {name}", settings=(*AUTOREGRESSIVE, *chosen(name)))
        for name in _DIVERGENCES[:3]
    ]
    return Study(
        name="divergence",
        question="Which divergences visit every mode, and which collapse?",
        cases=(*cases, *CONTROL_CASES),
        places=(BOXES,),
        settings=SMALL,
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
    # An exact density has no bandwidth; that of the proposal remains.
    cases += [
        Variant(
            f"{_TODAY}, proposal fixed at {sigma:g}",
            settings=(*AUTOREGRESSIVE, f"objective.bandwidth={sigma}"),
        )
        for sigma in (0.03, 0.5)
    ]
    cases.append(Variant(_TODAY, settings=AUTOREGRESSIVE))
    return Study(
        name="bandwidth",
        question="How sensitive is the actor to the final bandwidth, fixed or annealed?",
        cases=(*cases, *CONTROL_CASES),
        places=(_MOONS,),
        settings=SMALL,
        quick_cases=("fixed 0.1", "annealed to 0.03", "uniform", "perfect"),
        axis="final bandwidth (half-ranges)",
        logarithmic=True,
    )


def _with_fewer_interactions(
    head: str, settings: tuple[str, ...], experiences: int
) -> list[Variant]:
    """Cases in which all interactions are spent before learning starts."""
    return [
        Variant(
            f"{head}{name} interactions",
            settings=(
                *settings,
                f"collect.initial_states={count // experiences}",
                "collect.until=0.0",
            ),
        )
        for name, count in (("1,000", 1024), ("4,000", 4096))
    ]


def _with_wrong_labels(head: str, settings: tuple[str, ...]) -> list[Variant]:
    noisy = [
        Variant(
            f"{head}{share:.0%} of labels turned round",
            settings=settings,
            degraded={"label_noise": share},
        )
        for share in (0.1, 0.3)
    ]
    moved = [
        Variant(
            f"{head}boundary moved {abs(shift):g} {'outwards' if shift > 0 else 'inwards'}",
            settings=settings,
            degraded={"boundary_shift": shift},
        )
        for shift in (0.05, 0.15, -0.05)
    ]
    return [*noisy, *moved]


def _critic() -> Study:
    sizes = [
        Variant("network of width 4, depth 1", settings=("critic.width=4", "critic.depth=1")),
        Variant("network of width 16, depth 2", settings=("critic.width=16", "critic.depth=2")),
    ]
    cases = [
        Variant("as in the other studies"),
        *_with_fewer_interactions("", (), 128),
        # Of the implicit actor only: the general critic looks at more than its width.
        *sizes,
        *_with_wrong_labels("", ()),
        Variant(_TODAY, settings=AUTOREGRESSIVE),
        *_with_fewer_interactions(f"{_TODAY}, ", AUTOREGRESSIVE, 32),
        *_with_wrong_labels(f"{_TODAY}, ", AUTOREGRESSIVE),
    ]
    return Study(
        name="critic",
        question="How good must the critic be, and how often does the actor exploit its errors?",
        cases=(*cases, *CONTROL_CASES),
        places=(_MOONS,),
        settings=SMALL,
        quick_cases=("4,000 interactions", "10% of labels turned round", "uniform", "perfect"),
    )


def _imitation() -> Study:
    bandwidth = ObjectiveConfig().bandwidth.end
    recipes = {
        "full recipe": (),
        "no annealing": (f"objective.bandwidth={bandwidth}",),
        "no defensive part": ("objective.uniform_weight=0.0",),
        "neither": (f"objective.bandwidth={bandwidth}", "objective.uniform_weight=0.0"),
        _TODAY: AUTOREGRESSIVE,
    }
    at_three_sizes = ("full recipe", _TODAY)
    cases = [
        Variant(
            f"{recipe}, {count:,} examples",
            settings=(*settings, f"collect.num_imitation={count}"),
            series=recipe,
            # Zero has no place on a logarithmic axis; it is drawn a decade below the least number.
            x=float(count or 100),
        )
        for recipe, settings in recipes.items()
        for count in ((0, 1000, 100_000) if recipe in at_three_sizes else (0, 100_000))
    ]
    return Study(
        name="imitation",
        question="Are examples to imitate needed?",
        cases=(*cases, *CONTROL_CASES),
        places=(BOXES,),
        settings=SMALL,
        quick_cases=("full recipe, 0 examples", "full recipe, 1,000 examples", "uniform"),
        axis="examples (none at 100)",
        logarithmic=True,
    )


TOY_STUDIES: Mapping[str, Callable[[], Study]] = {
    "bandwidth": _bandwidth,
    "critic": _critic,
    "dimension": dimension_study,
    "divergence": _divergence,
    "imitation": _imitation,
    "methods": methods_study,
}
"""Function that makes each study, by name of the study."""
