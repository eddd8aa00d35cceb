"""An environment of this library from a Gymnasium environment, to learn which actions are feasible.

Its states are observations that roll-outs met, so that the model sees the states that matter to an
agent: roll-outs by random feasible actions, and by agents that are given.
"""

import copy
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from fag_tf.environments.base import Environment
from fag_tf.environments.rejection_truth import RejectionTruth
from fag_tf.errors import InputError
from fag_tf.rl.constraint import Constraint
from fag_tf.rl.function_constraint import FeasibleFn, FunctionConstraint
from fag_tf.rl.observed_inputs import ObserveFn, SpaceInputs, find_constraint, stacked
from fag_tf.spaces import ActionSpace, ArraySpec, Axis, Observation

__all__ = ["FeasibleEnvironment", "feasible_environment"]

MakeEnv = Callable[[], gymnasium.Env[Any, Any]]

OBJECT = "rollouts"
"""What the states of the evaluation are called."""

MOST_TRIES = 1 << 18
"""Greatest number of labels of a state by which its feasible set is measured."""


class FeasibleEnvironment(Environment):
    """The result of `feasible_environment`, which explains the arguments.

    Attributes:
        constraint: the constraint, for wrappers that need one.
    """

    def __init__(
        self,
        env: str | MakeEnv,
        feasible: FeasibleFn | None = None,
        observe: ObserveFn | None = None,
        *,
        observation_spec: Mapping[str, ArraySpec] | None = None,
        action_space: ActionSpace | None = None,
        num_states: int = 4096,
        stride: int = 4,
        tries: int = 64,
        agent_share: float = 0.5,
        seed: int = 0,
    ) -> None:
        if min(num_states, stride, tries) < 1 or not 0.0 <= agent_share <= 1.0:
            raise InputError(
                f"num_states is {num_states}, stride {stride}, tries {tries} and agent_share "
                f"{agent_share}; the first three must be at least 1, and the last within 0 and 1"
            )
        self._make = env
        self._num_states, self._stride, self._tries = num_states, stride, tries
        self._agent_share, self._seed = agent_share, seed
        self._env: gymnasium.Env[Any, Any] | None = None
        self._pool: list[Any] = []
        self._added: deque[Any] = deque(maxlen=num_states)
        made = self._environment()
        named = made.spec.id.rpartition("/")[2] if made.spec is not None else _class_name(made)
        self.name = named.lower()
        self.constraint = self._constraint_of(
            made, feasible, observe, observation_spec, action_space
        )
        self.observation_spec = self.constraint.observation_spec
        self.action_space = self.constraint.action_space
        box = made.action_space
        if not isinstance(box, spaces.Box) or box.shape != (self.action_space.dim,):
            raise InputError(
                f"the environment takes {box}, and actions have {self.action_space.dim} axes"
            )

    @staticmethod
    def _constraint_of(
        env: gymnasium.Env[Any, Any],
        feasible: FeasibleFn | None,
        observe: ObserveFn | None,
        spec: Mapping[str, ArraySpec] | None,
        space: ActionSpace | None,
    ) -> Constraint:
        own = find_constraint(env)
        if feasible is None:
            if own is None:
                raise InputError(
                    f"{_class_name(env)} has no constraint; give feasible, a function of one "
                    "observation and actions [N, A] that gives booleans [N]"
                )
            if observe is not None or spec is not None or space is not None:
                raise InputError(
                    "the environment's own constraint says what is observed; give "
                    "observe, observation_spec or action_space with feasible alone"
                )
            constraint: Constraint = own
            return constraint
        if observe is None:
            taken = SpaceInputs(env.observation_space, spec)
            observe, spec = taken, taken.spec
        elif spec is None:
            seen = observe(env.observation_space.sample())
            spec = {name: ArraySpec(np.shape(each)) for name, each in seen.items()}
        return FunctionConstraint(feasible, observe, spec, space or _axes_of(env.action_space))

    def _environment(self) -> gymnasium.Env[Any, Any]:
        if self._env is None:
            if isinstance(self._make, gymnasium.Env) or not (
                isinstance(self._make, str) or callable(self._make)
            ):
                raise InputError(
                    f"env is {self._make!r:.100}; give its id, or a function that makes it"
                )
            try:
                made = gymnasium.make(self._make) if isinstance(self._make, str) else self._make()
            except gymnasium.error.Error as error:
                raise InputError(f"cannot make the environment {self._make!r:.100}: {error}") from (
                    error
                )
            self._env = made
        return self._env

    def __getstate__(self) -> dict[str, Any]:
        # Another process makes an environment of its own.
        return {**vars(self), "_env": None}

    # What every environment has.

    def draw_states(self, rng: np.random.Generator, batch: int) -> list[Any]:
        """Draw observations of the roll-outs."""
        if not self._pool:
            own = np.random.default_rng([self._seed, self._num_states, self._stride])
            self._pool = list(self._rolled_out(own, self._num_states))
        agents = rng.random(batch) < (self._agent_share if self._added else 0.0)
        places = rng.random(batch)
        return [
            source[int(place * len(source))]
            for of_agent, place in zip(agents, places, strict=True)
            for source in [self._added if of_agent else self._pool]
        ]

    def observe(self, states: Sequence[Any]) -> Observation:
        """The inputs of observations."""
        arrays = self._inputs(states)
        return {
            name: np.asarray(arrays[name], spec.dtype)
            for name, spec in self.observation_spec.items()
        }

    def feasibility(self, states: Sequence[Any], actions: NDArray[Any]) -> NDArray[np.bool_]:
        """Label actions; see the base class."""
        return np.asarray(self.constraint.feasible(self._inputs(states), actions), bool)

    # For evaluation.

    def evaluation_states(
        self, rng: np.random.Generator, poses: int, objects: Sequence[str] | None = None
    ) -> dict[str, list[Any]]:
        """Observations of new roll-outs."""
        if objects is not None and list(objects) != [OBJECT]:
            raise InputError(f"objects are {list(objects)}; the only one is {OBJECT}")
        # Of many more, so that they are not all of one episode.
        met = list(self._rolled_out(rng, 8 * poses))
        return {OBJECT: [met[i] for i in rng.permutation(len(met))[:poses]]}

    def truth(self, state: Any) -> RejectionTruth:
        """The feasible set as draws by rejection."""

        def labels(actions: NDArray[Any]) -> NDArray[np.bool_]:
            return self.feasibility([state], actions[None])[0]

        return RejectionTruth(self.action_space, labels, MOST_TRIES)

    # States that agents meet.

    def add(self, observations: Iterable[Any]) -> None:
        """Add observations of an agent. If there are too many, the oldest are dropped."""
        self._added.extend(copy.deepcopy(each) for each in observations)

    def visit(
        self,
        agent: Callable[[Any], Any],
        steps: int,
        wrap: Callable[[gymnasium.Env[Any, Any]], gymnasium.Env[Any, Any]] | None = None,
        seed: int = 0,
    ) -> None:
        """Let an agent act, and add its observations.

        Args:
            agent: function from an observation to an action.
            steps: number of steps, in as many episodes as they take.
            wrap: wraps the environment as the agent knows it, for example by an `ActionMapping`.
            seed: seed of the episodes.
        """
        env = self._environment() if wrap is None else wrap(self._environment())
        rng = np.random.default_rng(seed)
        ended = True
        for _ in range(steps):
            if ended:
                observation, _ = env.reset(seed=int(rng.integers(1 << 31)))
            self.add([observation])
            observation, _, terminated, truncated, _ = env.step(agent(observation))
            ended = terminated or truncated

    def _rolled_out(self, rng: np.random.Generator, count: int) -> Iterator[Any]:
        """Every `stride`-th observation of episodes of random feasible actions."""
        env, stride = self._environment(), self._stride
        given = 0
        while given < count:
            observation, _ = env.reset(seed=int(rng.integers(1 << 31)))
            # Another beginning each time, so that no episode is too short to give any.
            wait, ended = int(rng.integers(stride)), False
            first = copy.deepcopy(observation)
            before = given
            while not ended and given < count:
                if wait == 0:
                    yield copy.deepcopy(observation)
                    given, wait = given + 1, stride
                wait -= 1
                action = self._random_action(rng, observation)
                observation, _, terminated, truncated, _ = env.step(action)
                ended = terminated or truncated
            if given == before and given < count:
                yield first
                given += 1

    def _random_action(self, rng: np.random.Generator, observation: Any) -> NDArray[Any]:
        """A uniform draw of the feasible set; of the action space where no draw is feasible."""
        offered = self.action_space.sample(rng, self._tries)
        feasible = self.feasibility([observation], offered[None])[0]
        places = np.flatnonzero(feasible)
        box = self._environment().action_space
        assert isinstance(box, spaces.Box)
        chosen = offered[places[0] if len(places) else 0]
        return np.clip(chosen, box.low, box.high).astype(box.dtype)

    def _inputs(self, states: Sequence[Any]) -> Observation:
        return stacked([self.constraint.inputs(state) for state in states])


def _class_name(env: gymnasium.Env[Any, Any]) -> str:
    return type(env.unwrapped).__name__


def _axes_of(space: gymnasium.Space[Any]) -> ActionSpace:
    """Axes `action_0`, `action_1`, ... with the bounds of a Box."""
    if not (isinstance(space, spaces.Box) and len(space.shape) == 1 and space.is_bounded()):
        raise InputError(
            f"the action space is {space}; it must be a Box of one axis of numbers with finite "
            "bounds, or give action_space"
        )
    bounds = zip(space.low, space.high, strict=True)
    return ActionSpace(
        [Axis(f"action_{i}", float(low), float(high)) for i, (low, high) in enumerate(bounds)]
    )


def feasible_environment(
    env: str | MakeEnv,
    feasible: FeasibleFn | None = None,
    observe: ObserveFn | None = None,
    **options: Any,
) -> FeasibleEnvironment:
    """Make an environment for `fag.train` from a Gymnasium environment.

    Its states are observations of the Gymnasium environment. Roll-outs with random feasible actions
    are made when states are first drawn. `visit` and `add` add observations of an agent. The drawn
    states depend only on `seed`, on the added observations, and on the given random numbers.

    A function cannot be saved. So a run is continued or opened with an equal object:
    `fag.train(environment, out=...)`. The object is not needed if `env` is the id of an environment
    with its own constraint, and all other arguments are numbers or text.

    Args:
        env: id of a registered environment, or a function that makes one. Its action space is a
            Box with finite bounds.
        feasible: function from one observation, as the environment gives it, and actions `[N, A]`
            float32 to booleans `[N]`. If None, the environment's own `constraint`.
        observe: function from one observation to the model's inputs, named arrays without a batch
            axis. By default a Box is the input `observation`, every entry of a Dict an input of its
            own, and a Sequence a set of rows.
        **options: `observation_spec`, specifications of inputs by name, for example to say that the
            rows of an array are a set, `ArraySpec((K, R), unordered=True)`; `action_space`, an
            `ActionSpace` in place of the Box's own axes, for example with periodic ones;
            `num_states`, number of observations that the roll-outs keep, and at most of an agent's
            (4,096); `stride`, number of steps between two of them (4); `tries`, number of draws
            among which a feasible action of a roll-out is sought (64); `agent_share`, share of the
            states drawn that are an agent's once there are any (0.5); `seed` of the roll-outs (0).

    Raises:
        InputError: the environment cannot be made, has no constraint where `feasible` is None, or
            its spaces are of a kind that cannot be taken.
    """
    return FeasibleEnvironment(env, feasible, observe, **options)
