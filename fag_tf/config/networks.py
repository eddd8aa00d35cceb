"""Options of actor, critic and policy."""

from dataclasses import dataclass, field

from fag_tf.config.schedules import Schedule
from fag_tf.config.validation import MOST, at_least, at_most, is_positive, is_share
from fag_tf.errors import InputError

__all__ = ["ActorConfig", "CriticConfig", "PolicyConfig"]


@dataclass(frozen=True)
class ActorConfig:
    """The actor and how it learns.

    Attributes:
        width: of each hidden layer.
        depth: number of hidden layers (of each refinement step, where the actor has steps).
        steps: refinement steps of an actor that has them.
        latent_dim: Z of the general actor, at least A; 0 for A.
        learning_rate: of Muon, see `learner`; what a step changes a weight by.
        clip_norm: greatest global norm of a gradient of the actor's.
        average: decay of the running average of the weights that is evaluated and exported.
        critic_stop_probability: while an actor that has steps learns, a sample goes no farther than
            to the first action of its trajectory that the critic gives at least this probability.
    """

    width: int = 128
    depth: int = 2
    steps: int = 4
    latent_dim: int = 0
    learning_rate: Schedule = field(default_factory=lambda: Schedule(1e-3, 1e-4, "cosine", 0.3))
    clip_norm: float = 1.0
    average: float = 0.995
    critic_stop_probability: float = 0.9

    def __post_init__(self) -> None:
        at_least(self, width=1, depth=1, steps=1, latent_dim=0, learning_rate=0.0)
        at_most(self, width=1 << 14, depth=100, steps=100, latent_dim=1024, learning_rate=1.0)
        is_share(self, "average", "critic_stop_probability")
        is_positive(self, "clip_norm")


@dataclass(frozen=True)
class PolicyConfig:
    """How a sample is chosen among candidates once actor and critic are trained.

    See `fag_tf.networks.policy`.

    Attributes:
        num_candidates: actions of the actor among which each sample is chosen.
        num_initial_candidates: initial actions that an actor that has steps offers beside them.
        sharpness: gamma; the density of what is chosen is in proportion to the critic's
            probability to this power.
        stop_probability: a sample goes no farther than to the first action of its trajectory that
            the actor itself gives at least this probability. While the actor learns, its log
            density ratio is learnt of the actions where samples stop in this way.
    """

    num_candidates: int = 6
    num_initial_candidates: int = 16
    sharpness: float = 24.0
    stop_probability: float = 0.5

    def __post_init__(self) -> None:
        at_least(self, num_candidates=1, num_initial_candidates=0, sharpness=0.0)
        at_most(self, num_candidates=1024, num_initial_candidates=1024, sharpness=1e4)
        is_share(self, "stop_probability")


@dataclass(frozen=True)
class CriticConfig:
    """The critic and how it learns.

    Attributes:
        width: of each hidden layer.
        depth: number of hidden layers.
        states: in each learning step, the actor's among them.
        experiences: actions a state.
        updates: gradient steps that the states are divided among; many small ones teach more than
            a large one for the same arithmetic.
        feasible_share: share of feasible ones among them.
        learning_rate: of Muon, see `learner`; what a step changes a weight by.
        clip_norm: greatest global norm of a gradient of the critic's.
        weight_decay: share of a hidden weight, times the learning rate, that each step takes away.
        average: decay, a step, of the running average of the weights that judges samples, in
            training too, and is exported.
        warmup_steps: steps that only the critic learns, before the actor's first.
    """

    width: int = 192
    depth: int = 3
    states: int = 32
    experiences: int = 32
    updates: int = 4
    feasible_share: float = 0.5
    learning_rate: Schedule = field(default_factory=lambda: Schedule(1e-3, 1e-4, "cosine", 0.3))
    clip_norm: float = 1.0
    weight_decay: float = 0.2
    average: float = 0.995
    warmup_steps: int = 100

    def __post_init__(self) -> None:
        at_least(self, width=1, depth=1, states=1, experiences=1, updates=1, warmup_steps=0)
        at_least(self, learning_rate=0.0)
        at_most(self, width=1 << 14, depth=100, states=1 << 16, experiences=1 << 20)
        at_most(self, updates=1 << 16, warmup_steps=MOST)
        at_least(self, weight_decay=0.0)
        at_most(self, learning_rate=1.0, weight_decay=100.0)
        if self.states % self.updates:
            raise InputError(
                f"critic.states is {self.states}; it must be a multiple of critic.updates, "
                f"{self.updates}, among which they are divided"
            )
        is_share(self, "feasible_share", "average")
        is_positive(self, "clip_norm")
        if not 0 < round(self.feasible_share * self.experiences) < self.experiences:
            raise InputError(
                f"critic.feasible_share is {self.feasible_share}; of critic.experiences, "
                f"{self.experiences}, it must leave at least one of each kind"
            )
