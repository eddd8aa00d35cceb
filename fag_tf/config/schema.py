"""The typed configuration of a run. It is checked strictly and saved with the run."""

from dataclasses import dataclass, field
from typing import Any, Literal

from fag_tf.config.networks import ActorConfig, CriticConfig, PolicyConfig
from fag_tf.config.schedules import Schedule
from fag_tf.config.validation import MOST, at_least, at_most, is_share
from fag_tf.errors import InputError

__all__ = [
    "GENERATORS",
    "CollectConfig",
    "Config",
    "MemoryConfig",
    "ObjectiveConfig",
    "TrainerConfig",
]

GENERATORS = ("flow", "maxent flow", "maxent gaussian", "maxent mixture", "wgan")
"""Names of the other methods that train a network; see `fag_tf.training.baselines`."""


@dataclass(frozen=True)
class ObjectiveConfig:
    """Options of the divergence and of its gradient estimate.

    Attributes:
        divergence: weight of each f-divergence, by the name of the divergence.
        num_supports: N, number of actor samples per state. The gradient passes through them,
            except for an actor with an exact density; see `fag_tf.training.actor_density`. There
            they are only the centres of the wide kernels, and few are enough.
        num_samples: M, number of proposal samples per state.
        bandwidth: sigma of the kernel density, in half-ranges. An actor with an exact density
            needs it only for the wide kernels.
        axis_bandwidth: factor by which sigma is multiplied on an axis, by the axis' name or its
            number from 0. The factor of an axis that is not named is 1.
        scott_factor: kappa, for action spaces with many axes; 0 turns it off. On each axis the
            bandwidth is at least kappa N^(-1/(A+4)) times the standard deviation of the actor's
            samples (Scott's rule).
        proposal_ratio: sigma' / sigma, bandwidth of the proposal over that of the density, at
            least 1.
        uniform_weight: share of proposal samples drawn from the actor's initial distribution, or
            uniformly over the action space for an actor without one. In an environment without
            networks of its own, an autoregressive actor's default is never above 16 / A^2.
        wide_weight: share of proposal samples drawn from wide kernels. They find feasible actions
            that narrow kernels do not reach. Its default is that of uniform_weight.
        wide_bandwidth: bandwidth of the wide kernels, in half-ranges. If proposal_ratio times sigma
            is greater, this is used instead.
        target_floor: delta. The target is proportional to max(g, delta), with g the feasibility.
            Divergences whose weight is unbounded where the target is 0 need it above 0.
        critic_gradient: lambda, weight of the critic's own gradient at the actor's samples when
            `trainer.target` is `critic`. It moves samples that no kernel reaches, and does nothing
            for an actor with an exact density.
        max_support_gradient: bound on the gradient of one support, for an actor without an exact
            density; see `fag_tf.objectives.f_divergence`. inf for none.
        imitation: weight of the cross-entropy by which an actor with its own probabilities imitates
            those of the critic. It is added to the divergence.
    """

    divergence: dict[str, Schedule] = field(
        default_factory=lambda: {
            "jensen_shannon": Schedule(0.3, 0.3),
            "kl_forward": Schedule(0.7, 0.7),
        }
    )
    num_supports: int = 512
    num_samples: int = 512
    bandwidth: Schedule = field(default_factory=lambda: Schedule(0.2, 0.03, "geometric", 0.0, 0.8))
    axis_bandwidth: dict[str, float] = field(default_factory=dict)
    scott_factor: float = 0.0
    proposal_ratio: float = 1.5
    uniform_weight: float = 0.25
    wide_weight: float = 0.25
    wide_bandwidth: float = 0.15
    target_floor: float = 0.0
    critic_gradient: Schedule = field(
        default_factory=lambda: Schedule(0.0, 0.02, "linear", 0.0, 0.3)
    )
    max_support_gradient: float = 1.0
    imitation: float = 3.0

    def __post_init__(self) -> None:
        at_least(self, num_supports=1, num_samples=1, proposal_ratio=1.0, critic_gradient=0.0)
        at_least(self, imitation=0.0)
        at_most(self, imitation=1e6)
        at_least(self, bandwidth=1e-4, wide_bandwidth=1e-4, scott_factor=0.0)
        at_most(self, num_supports=1 << 20, num_samples=1 << 20, scott_factor=10.0)
        at_most(self, bandwidth=100.0, wide_bandwidth=100.0)
        at_most(self, proposal_ratio=1e3, critic_gradient=1e6)
        is_share(self, "uniform_weight", "wide_weight", "target_floor")
        for axis, factor in self.axis_bandwidth.items():
            if not 1e-3 <= factor <= 1e3:
                raise InputError(
                    f"objective.axis_bandwidth.{axis} is {factor}; it must be within 0.001 and 1000"
                )
        if self.uniform_weight + self.wide_weight > 1.0:
            raise InputError(
                f"objective.wide_weight is {self.wide_weight}; with objective.uniform_weight, "
                f"{self.uniform_weight}, it must be at most 1"
            )
        if not self.max_support_gradient > 0.0:
            raise InputError(
                f"objective.max_support_gradient is {self.max_support_gradient}; it must be above "
                "0, inf for none"
            )
        if not self.divergence:
            raise InputError("objective.divergence names no divergence; jensen_shannon is one")
        for name, weight in self.divergence.items():
            if min(weight.start, weight.end) < 0.0:
                raise InputError(f"the weight of {name} falls below 0; it must be at least 0")
        if all(weight.start == weight.end == 0.0 for weight in self.divergence.values()):
            raise InputError("objective.divergence gives no divergence a weight above 0")


@dataclass(frozen=True)
class CollectConfig:
    """Options of the collection of experience.

    Attributes:
        every: number of learning steps between two rounds of collection.
        states: number of new states in a round.
        experiences: number of actions tried in each new state. A round has `states` times
            `experiences` checks (interactions).
        initial_states: number of states collected before learning starts, in whole rounds.
        until: share of training after which no more experience is collected.
        max_interactions: greatest number of checks. A round that would pass it is not begun. 0
            means no limit. It does not limit training with `trainer.target` = `environment`.
        uniform_share: share of the actions that is drawn uniformly over the action space. The
            share that neither this option nor `perturbed_share` takes is the actor's samples.
        perturbed_share: share of the actions that is drawn from a kernel around the actor's
            samples.
        perturbation: bandwidth of the kernel around the actor's samples, in half-ranges.
        uncertain_share: share of the actions that is chosen from a larger pool, as those about
            which the critic is least certain. The pool is drawn with the two shares above.
        pool: size of the pool of actions, as a multiple of the number chosen from it.
        num_imitation: number of feasible actions given at the start as examples to imitate.
        copies: number of copies of each state and its actions, moved, turned or scaled by a
            symmetry of the environment that changes no label. Copies cost no interactions.
        tolerated_share: least share of the tried actions that count as feasible, if the environment
            offers `violation`. If fewer are feasible, the actions with the smallest violations
            count too. 0 turns this off.
        workers: number of processes, or of actors of a Ray cluster, that share the checks of a
            round; 0 and 1 check in the training's own process. It changes no result.
    """

    every: int = 10
    states: int = 30
    experiences: int = 32
    initial_states: int = 512
    until: float = 0.6
    max_interactions: int = 0
    uniform_share: float = 0.125
    perturbed_share: float = 0.5
    perturbation: float = 0.05
    uncertain_share: float = 0.5
    pool: int = 8
    num_imitation: int = 0
    copies: int = 4
    tolerated_share: float = 0.1
    workers: int = 0

    def __post_init__(self) -> None:
        at_least(self, every=1, states=1, experiences=1, initial_states=1, num_imitation=0)
        at_least(self, copies=0, pool=1, workers=0, max_interactions=0)
        at_least(self, perturbation=0.0)
        at_most(self, states=1 << 20, experiences=1 << 20, perturbation=100)
        at_most(self, copies=1000, pool=1000, workers=10_000)
        at_most(self, every=MOST, initial_states=MOST, num_imitation=MOST, max_interactions=MOST)
        round_checks = self.states * self.experiences
        if 0 < self.max_interactions < round_checks:
            raise InputError(
                f"collect.max_interactions is {self.max_interactions}; it must be 0, or at least "
                f"{round_checks}, the checks of one round (collect.states x collect.experiences)"
            )
        is_share(
            self, "until", "uniform_share", "perturbed_share", "uncertain_share", "tolerated_share"
        )
        if self.uniform_share + self.perturbed_share > 1.0:
            raise InputError(
                f"collect.uniform_share {self.uniform_share} and collect.perturbed_share "
                f"{self.perturbed_share} add to more than 1"
            )


@dataclass(frozen=True)
class MemoryConfig:
    """Options of the replay memory.

    Attributes:
        capacity: greatest number of states that are kept. A new state then replaces the oldest.
    """

    capacity: int = 32768

    def __post_init__(self) -> None:
        at_least(self, capacity=1)
        at_most(self, capacity=1 << 40)


@dataclass(frozen=True)
class TrainerConfig:
    """Options of the training loop.

    Attributes:
        steps: number of learning steps.
        batch: B, number of states in which the actor learns in each step.
        target: what gives the actor's target: `critic` for the critic's probabilities,
            `environment` for the environment's labels.
        log_every: number of steps between two reports.
        checkpoint_every: number of steps between two checkpoints. A crash loses at most this
            number of steps.
        compile: whether the learning step is compiled by XLA. Compiling takes some seconds or
            minutes. Small networks gain little by it.
    """

    steps: int = 3000
    batch: int = 8
    target: Literal["critic", "environment"] = "critic"
    log_every: int = 50
    checkpoint_every: int = 250
    compile: bool = True

    def __post_init__(self) -> None:
        at_least(self, steps=1, batch=1, log_every=1, checkpoint_every=1)
        at_most(self, batch=1 << 20, steps=MOST, log_every=MOST, checkpoint_every=MOST)


@dataclass(frozen=True)
class Config:
    """Everything that defines a run.

    Attributes:
        env: entry point or `module:Class` of the environment.
        env_options: arguments of the environment's constructor.
        seed: seed of all random numbers.
        method: what is trained: `actor`, or another generator, `flow`, `wgan`, `maxent flow`,
            `maxent gaussian` or `maxent mixture`. These are trained after the critic is trained and
            the replay memory is filled.
    """

    env: str = "planar_grasp"
    env_options: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    method: str = "actor"
    actor: ActorConfig = field(default_factory=ActorConfig)
    critic: CriticConfig = field(default_factory=CriticConfig)
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    collect: CollectConfig = field(default_factory=CollectConfig)
    memory: MemoryConfig = field(default_factory=MemoryConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)

    def __post_init__(self) -> None:
        at_least(self, seed=0)
        if self.method not in ("actor", *GENERATORS):
            raise InputError(
                f"method is {self.method!r}; it must be actor, {', '.join(GENERATORS[:-1])} or "
                f"{GENERATORS[-1]}"
            )
        if self.seed >= 2**53:
            raise InputError(f"seed is {self.seed}; it must be below 2**53")
        if self.trainer.target == "critic" and self.critic.states < self.trainer.batch:
            raise InputError(
                f"critic.states is {self.critic.states}; it must be at least trainer.batch, "
                f"{self.trainer.batch}: the actor learns in states that the critic learns in"
            )
