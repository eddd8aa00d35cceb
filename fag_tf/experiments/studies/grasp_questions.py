"""Studies of planar grasps: does what toys show hold for them, what does the recipe owe to what?

Each training here takes minutes, so they have fewer rows than those of toys, and fewer seeds.
"""

from collections.abc import Callable, Mapping

from fag_tf.experiments.studies.controls import CONTROLS
from fag_tf.experiments.studies.plan import Case, Place, Study
from fag_tf.experiments.studies.questions import CONTROL_CASES, PLAIN_ESTIMATOR

__all__ = ["GRASP_STUDIES"]

SEEDS = 3

_GRASPS = Place("planar_grasp")
# What single parts of the recipe are worth is less than what one odd part among five can hide.
_MANY = Place("planar_grasp", objects=("random:0-47",))
# Sizes at which a run takes a few minutes on one core.
_SMALL = (
    "actor.width=64",
    "critic.width=96",
    "critic.depth=2",
    "critic.updates=2",
    "objective.num_supports=256",
    "objective.num_samples=256",
    "objective.bandwidth={start=0.2, end=0.04, shape='geometric', finish=0.8}",
    "trainer.steps=600",
)
_FOUR = {"parts": "training"}
_ONE = ("actor.proposals=1", "actor.beginnings=0")
_VERDICTS = "trainer.target='environment'"


def _collected(every: int, initial_states: int) -> tuple[str, ...]:
    return (f"collect.every={every}", f"collect.initial_states={initial_states}")


_QUARTER = _collected(40, 128)


def _divergence(name: str) -> str:
    return f"objective.divergence={{{name}=1.0}}"


def _grasps() -> Study:
    """The rows that decided on toys, all but one with the actor's samples as they come."""
    floor = "objective.target_floor=1e-3"
    alone = (floor, "objective.critic_gradient=0.0")
    cases = [
        Case("recipe", settings=_ONE),
        Case("recipe, chosen among candidates"),  # shares its training with the one above
        *(
            Case(name, settings=(*_ONE, _divergence(name), *alone))
            for name in ("jensen_shannon", "kl_forward", "kl_reverse")
        ),
        *(
            Case(f"{name}, plain estimator", settings=(*_ONE, _divergence(name), *PLAIN_ESTIMATOR))
            for name in ("jensen_shannon", "kl_forward")
        ),
        *(
            Case(f"bandwidth fixed at {sigma:g}", settings=(*_ONE, f"objective.bandwidth={sigma}"))
            for sigma in (0.01, 0.04, 0.2)
        ),
        Case(
            "critic of 4,096 interactions",
            settings=(*_ONE, "collect.initial_states=128", "collect.until=0.0"),
        ),
        Case("10% of labels turned round", settings=_ONE, degraded={"label_noise": 0.1}),
        Case("10,000 examples", settings=(*_ONE, "collect.num_imitation=10000")),
        *(
            Case(name, method=name)
            for name in (
                "flow",
                "maxent mixture",
                "cross-entropy search",
                "filtered uniform",
                "exact rejection",
            )
        ),
        *(
            Case(
                f"{name}, the four training parts alone",
                settings=(*_ONE, _divergence(name), *alone),
                env_options=_FOUR,
            )
            for name in ("jensen_shannon", "kl_forward", "kl_reverse")
        ),
        *(
            Case(f"{name}, the four training parts", method=name, env_options=_FOUR)
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
    """The recipe without one of its parts at a time, and at other costs in interactions."""
    critic, without = "with a critic", "without a critic"
    # The first five share a training.
    cases = [
        Case("recipe", series=critic),
        Case("one proposal, nothing sorted out", settings=_ONE),
        Case("three proposals", settings=("actor.proposals=3",)),
        Case("no beginnings among them", settings=("actor.beginnings=0",)),
        Case("chosen evenly by the critic's probability", settings=("actor.sharpness=1.0",)),
        Case("no stops on the way", settings=("actor.confidence=1.0", "actor.stop=1.0")),
        Case("actions tried as they are drawn", settings=("collect.uncertain_share=0.0",)),
        Case("no copies by symmetry", settings=("collect.copies=0",)),
        Case("no uniform part", settings=("objective.uniform_weight=0.0",)),
        Case("no wide kernels", settings=("objective.wide_weight=0.0",)),
        Case("no gradient of the critic", settings=("objective.critic_gradient=0.0",)),
        Case("no annealing", settings=("objective.bandwidth=0.04",)),
        Case("jensen_shannon alone", settings=(_divergence("jensen_shannon"),)),
        Case("kl_forward alone", settings=(_divergence("kl_forward"),)),
        Case("no average of the actor's weights", settings=("actor.average=0.0",)),
        Case("no average of the critic's weights", settings=("critic.average=0.0",)),
        Case("a quarter of the interactions", settings=_QUARTER, series=critic),
        Case("half the interactions", settings=_collected(20, 256), series=critic),
        Case("twice the interactions", settings=_collected(5, 1024), series=critic),
        *(
            Case(
                f"{name}, {examples:,} examples",
                settings=(*settings, f"collect.num_imitation={examples}"),
                series=f"with a critic and {examples:,} examples",
            )
            for name, settings in (("recipe", ()), ("a quarter", _QUARTER))
            for examples in (1_000, 10_000)
        ),
        Case("without a critic to learn on", settings=(_VERDICTS,), series=without),
        # What the actor's samples cost then is one verdict each.
        *(
            Case(
                f"without a critic to learn on, {samples} samples a state",
                settings=(_VERDICTS, *_QUARTER, f"objective.num_samples={samples}"),
                series=without,
            )
            for samples in (64, 16)
        ),
        Case(
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
"""What makes each study, by its name."""
