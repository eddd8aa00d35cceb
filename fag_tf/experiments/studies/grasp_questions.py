"""Studies of planar grasps: check the results of toys, and measure the parts of the recipe.

Each training takes minutes here, so these studies have fewer rows and fewer seeds than those of
toys.
"""

from collections.abc import Callable, Mapping

from fag_tf.experiments.studies.controls import CONTROLS
from fag_tf.experiments.studies.plan import EnvironmentSpec, Study, Variant
from fag_tf.experiments.studies.toy_settings import CONTROL_CASES, PLAIN_ESTIMATOR

__all__ = ["GRASP_STUDIES"]

SEEDS = 3

_GRASPS = EnvironmentSpec("planar_grasp")
# Effects of parts of the recipe are small, so many objects are needed to see them.
_MANY = EnvironmentSpec("planar_grasp", objects=("random:0-47",))
# Sizes at which a run takes a few minutes on one core.
_SMALL = (
    "actor.kind=implicit",
    "actor.width=64",
    "critic.width=96",
    "critic.depth=2",
    "critic.updates=2",
    "objective.num_supports=256",
    "objective.num_samples=256",
    "objective.bandwidth={start=0.2, end=0.04, shape='geometric', finish=0.8}",
    "trainer.steps=600",
)
_SCANNING = ("actor.kind=scanning",)
_FOUR = {"parts": "training"}
_ONE = ("policy.num_candidates=1", "policy.num_initial_candidates=0")
_VERDICTS = "trainer.target='environment'"


def _collected(every: int, initial_states: int) -> tuple[str, ...]:
    return (f"collect.every={every}", f"collect.initial_states={initial_states}")


_QUARTER = _collected(40, 128)


def _divergence(name: str) -> str:
    return f"objective.divergence={{{name}=1.0}}"


def _grasps() -> Study:
    """The cases that decided on toys; all but one without a choice among candidates."""
    floor = "objective.target_floor=1e-3"
    alone = (floor, "objective.critic_gradient=0.0")
    cases = [
        Variant("recipe", settings=_ONE),
        Variant("recipe, chosen among candidates"),  # shares its training with the case above
        Variant("scanning actor", settings=(*_SCANNING, "policy.num_looks=1")),
        Variant("scanning actor, three looks", settings=_SCANNING),
        *(
            Variant(name, settings=(*_ONE, _divergence(name), *alone))
            for name in ("jensen_shannon", "kl_forward", "kl_reverse")
        ),
        *(
            Variant(
                f"{name}, plain estimator", settings=(*_ONE, _divergence(name), *PLAIN_ESTIMATOR)
            )
            for name in ("jensen_shannon", "kl_forward")
        ),
        *(
            Variant(
                f"bandwidth fixed at {sigma:g}", settings=(*_ONE, f"objective.bandwidth={sigma}")
            )
            for sigma in (0.01, 0.04, 0.2)
        ),
        Variant(
            "critic of 4,096 interactions",
            settings=(*_ONE, "collect.initial_states=128", "collect.until=0.0"),
        ),
        Variant("10% of labels turned round", settings=_ONE, degraded={"label_noise": 0.1}),
        Variant("10,000 examples", settings=(*_ONE, "collect.num_imitation=10000")),
        *(
            Variant(name, method=name)
            for name in (
                "flow",
                "maxent mixture",
                "cross-entropy search",
                "filtered uniform",
                "exact rejection",
            )
        ),
        *(
            Variant(
                f"{name}, the four training parts alone",
                settings=(*_ONE, _divergence(name), *alone),
                env_options=_FOUR,
            )
            for name in ("jensen_shannon", "kl_forward", "kl_reverse")
        ),
        *(
            Variant(f"{name}, the four training parts", method=name, env_options=_FOUR)
            for name in CONTROLS
        ),
    ]
    return Study(
        name="grasps",
        question="Does what the toys show hold for planar grasps?",
        cases=(*cases, *CONTROL_CASES),
        places=(_GRASPS,),
        settings=_SMALL,
        quick_cases=("recipe", "uniform"),
        seeds=SEEDS,
    )


def _recipe() -> Study:
    """The recipe without one of its parts at a time, and with other numbers of interactions."""
    critic, without = "with a critic", "without a critic"
    # The first five share a training.
    cases = [
        Variant("recipe", series=critic),
        Variant("one proposal, nothing sorted out", settings=_ONE),
        Variant("three proposals", settings=("policy.num_candidates=3",)),
        Variant("no beginnings among them", settings=("policy.num_initial_candidates=0",)),
        Variant("chosen evenly by the critic's probability", settings=("policy.sharpness=1.0",)),
        Variant(
            "no stops on the way",
            settings=("actor.critic_stop_probability=1.0", "policy.stop_probability=1.0"),
        ),
        Variant("actions tried as they are drawn", settings=("collect.uncertain_share=0.0",)),
        Variant("no copies by symmetry", settings=("collect.copies=0",)),
        Variant("no uniform part", settings=("objective.uniform_weight=0.0",)),
        Variant("no wide kernels", settings=("objective.wide_weight=0.0",)),
        Variant("no gradient of the critic", settings=("objective.critic_gradient=0.0",)),
        Variant("no annealing", settings=("objective.bandwidth=0.04",)),
        Variant("jensen_shannon alone", settings=(_divergence("jensen_shannon"),)),
        Variant("kl_forward alone", settings=(_divergence("kl_forward"),)),
        Variant("no average of the actor's weights", settings=("actor.average=0.0",)),
        Variant("no average of the critic's weights", settings=("critic.average=0.0",)),
        Variant("a quarter of the interactions", settings=_QUARTER, series=critic),
        Variant("half the interactions", settings=_collected(20, 256), series=critic),
        Variant("twice the interactions", settings=_collected(5, 1024), series=critic),
        *(
            Variant(
                f"{name}, {examples:,} examples",
                settings=(*settings, f"collect.num_imitation={examples}"),
                series=f"with a critic and {examples:,} examples",
            )
            for name, settings in (("recipe", ()), ("a quarter", _QUARTER))
            for examples in (1_000, 10_000)
        ),
        Variant("without a critic to learn on", settings=(_VERDICTS,), series=without),
        # Each of the objective's samples then costs one interaction.
        *(
            Variant(
                f"without a critic to learn on, {samples} samples a state",
                settings=(_VERDICTS, *_QUARTER, f"objective.num_samples={samples}"),
                series=without,
            )
            for samples in (64, 16)
        ),
        Variant(
            "without a critic, 10,000 examples",
            settings=(_VERDICTS, "collect.num_imitation=10000"),
        ),
    ]
    return Study(
        name="recipe",
        question="What does the recipe for planar grasps owe to which of its parts?",
        cases=(*cases, *CONTROL_CASES),
        places=(_MANY,),
        settings=_SMALL,
        quick_cases=("recipe", "one proposal, nothing sorted out", "uniform"),
        axis="interactions",
        x_figure="interactions",
        logarithmic=True,
        seeds=SEEDS,
    )


GRASP_STUDIES: Mapping[str, Callable[[], Study]] = {"grasps": _grasps, "recipe": _recipe}
"""Function that makes each study, by name of the study."""
