"""The smallest environments: one that keeps the contract and one that does not."""

import numpy as np

from fag_tf.environments.base import Environment
from fag_tf.spaces import ActionSpace, ArraySpec, Axis


class Least(Environment):
    """The least that is an environment; `low` shows that options arrive."""

    name = "least"

    def __init__(self, low=0.0):
        self.observation_spec = {"state": ArraySpec((1,))}
        self.action_space = ActionSpace([Axis("a", low, 1.0)])

    def draw_states(self, rng, batch):
        return [None] * batch

    def observe(self, states):
        return {"state": np.zeros((len(states), 1), np.float32)}

    def feasibility(self, states, actions):
        return np.ones(actions.shape[:2], dtype=bool)


class Symmetric(Least):
    """States and actions move together by the same random length, off the space at times."""

    def draw_states(self, rng, batch):
        return list(rng.random(batch, np.float32))

    def observe(self, states):
        return {"state": np.array(states, np.float32)[:, None]}

    def symmetric_copies(self, rng, states, actions):
        shift = rng.uniform(0.1, 0.9, len(states)).astype(np.float32)
        return list(np.array(states) + shift), (actions + shift[:, None, None]).astype(np.float32)


class Blind(Least):
    """No environment: it cannot be observed."""

    observe = property()
