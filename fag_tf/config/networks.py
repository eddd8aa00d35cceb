"""Options of actor, critic and policy."""

from dataclasses import dataclass, field
from typing import Literal

from fag_tf.config.schedules import Schedule
from fag_tf.config.validation import MOST, at_least, at_most, is_positive, is_share
from fag_tf.errors import InputError

__all__ = ["ActorConfig", "CriticConfig", "PolicyConfig"]


@dataclass(frozen=True)
class ActorConfig:
    """Options of the actor and of its training.

    Attributes:
        kind: `autoregressive` is for environments without their own networks and has an exact
            density; see `fag_tf.networks.autoregressive`. `scanning` is for planar grasps alone and
            has an exact density; see `fag_tf.environments.planar_grasp.networks.scanning_actor`.
            `implicit` maps a state and a latent to an action, and its density is estimated from its
            samples. `auto` is `scanning` for planar grasps, `autoregressive` for an environment
            without its own networks, and otherwise the kind that the environment builds.
        width: number of units in each hidden layer. In a scanning actor, the widest layer has half
            as many.
        depth: number of hidden layers. In an actor that refines its actions, each refinement step
            has this number of hidden layers. An autoregressive actor has them for each axis.
        steps: number of refinement steps. Other actors ignore it.
        latent_dim: Z, number of latents of an implicit general actor, at least A. 0 means A. An
            autoregressive actor has A; the saved model has more, for its candidates. Actors that
            an environment builds ignore it.
        learning_rate: learning rate of Muon, about the change of a weight in one step; see
            `fag_tf.training.learner`.
        clip_norm: largest allowed global norm of the actor's gradient.
        average: decay per learning step of the running average of the weights. The average is
            evaluated and exported.
        critic_stop_probability: critic's probability at which a sample stops while the actor
            learns. The sample is the first action of its trajectory with at least this
            probability.
        density_sharpness: gamma of an actor with an exact density. Its density is trained to be
            proportional to the probability that an action is feasible, to the power gamma. A
            greater gamma makes samples more often feasible and less even.
    """

    kind: Literal["auto", "implicit", "autoregressive", "scanning"] = "auto"
    width: int = 128
    depth: int = 2
    steps: int = 4
    latent_dim: int = 0
    learning_rate: Schedule = field(default_factory=lambda: Schedule(1e-3, 1e-4, "cosine", 0.3))
    clip_norm: float = 1.0
    average: float = 0.995
    critic_stop_probability: float = 0.9
    density_sharpness: float = 2.0

    def __post_init__(self) -> None:
        at_least(self, width=1, depth=1, steps=1, latent_dim=0, learning_rate=0.0)
        at_least(self, density_sharpness=0.0)
        at_most(self, density_sharpness=1e3)
        at_most(self, width=1 << 14, depth=100, steps=100, latent_dim=1024, learning_rate=1.0)
        is_share(self, "average", "critic_stop_probability")
        is_positive(self, "clip_norm")


@dataclass(frozen=True)
class PolicyConfig:
    """Options of the policy, which chooses each sample among several candidates.

    See `fag_tf.networks.policy`.

    Attributes:
        num_candidates: number of candidates for each sample that are actions of an implicit actor.
        num_initial_candidates: number of candidates for each sample that are initial actions. An
            actor that does not refine its actions has none.
        sharpness: gamma. The density of the samples is proportional to the critic's probability to
            the power gamma. An autoregressive actor uses `look_sharpness` instead.
        stop_probability: actor's own probability at which a sample stops. The sample is the first
            action of its trajectory with at least this probability. The log density ratio is
            trained on actions that stop by this rule.
        num_looks: number of candidates for each sample of an actor with an exact density. The
            critic evaluates each of them. 0 means the actor's default: 3 for a scanning actor, 8
            for an autoregressive one.
        uniform_look_share: share of the candidates of an autoregressive actor that are drawn
            uniformly over the action space, rounded down. They find what the actor misses.
        look_sharpness: gamma of the choice for an autoregressive actor. A greater gamma makes
            samples more often feasible and less even.
    """

    num_candidates: int = 6
    num_initial_candidates: int = 16
    sharpness: float = 24.0
    stop_probability: float = 0.5
    num_looks: int = 0
    uniform_look_share: float = 0.25
    look_sharpness: float = 6.0

    def __post_init__(self) -> None:
        at_least(self, num_candidates=1, num_initial_candidates=0, sharpness=0.0, num_looks=0)
        at_least(self, look_sharpness=0.0)
        at_most(self, num_candidates=1024, num_initial_candidates=1024, sharpness=1e4)
        at_most(self, look_sharpness=1e4)
        at_most(self, num_looks=1024)
        is_share(self, "stop_probability", "uniform_look_share")
        if self.uniform_look_share == 1.0:
            raise InputError("policy.uniform_look_share is 1; the actor needs a share of the looks")


@dataclass(frozen=True)
class CriticConfig:
    """Options of the critic and of its training.

    Attributes:
        width: number of units in each hidden layer. In the critic of a scanning actor, the widest
            layer has half as many.
        depth: number of hidden layers.
        states: number of states in each learning step. The actor learns in some of these states.
        experiences: number of actions in each state of a learning step.
        updates: number of gradient steps in a learning step. The states are divided among them.
            Many small gradient steps teach more than one large step for equal arithmetic.
        feasible_share: share of feasible actions in each state of a learning step.
        learning_rate: learning rate of Muon, about the change of a weight in one step; see
            `fag_tf.training.learner`.
        clip_norm: largest allowed global norm of the critic's gradient.
        weight_decay: decay rate of the hidden weights. Each step subtracts from a weight this
            number times the learning rate times the weight.
        average: decay per learning step of the running average of the weights. The average gives
            the probabilities of samples, in training too, and is exported.
        warmup_steps: number of steps at the start of training in which only the critic learns.
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
