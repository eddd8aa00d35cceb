"""A toy of Gymnasium whose allowed actions are a band, and the closed form that maps to them."""

from typing import ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces

from fag_tf.rl.constraint import Constraint
from fag_tf.spaces import ActionSpace, ArraySpec, Axis

HALF = 0.25

SPACE = ActionSpace([Axis("along", -2.0, 2.0), Axis("free", -1.0, 1.0)])


class BandConstraint(Constraint):
    """The first axis of an action lies within 0.25 of the place; the second is free."""

    observation_spec: ClassVar = {"place": ArraySpec((1,))}
    action_space = SPACE

    def __init__(self, exact=False):
        self.exact = exact

    def inputs(self, observation):
        return {"place": np.asarray(observation["place"], np.float32)}

    def feasible(self, inputs, actions):
        return np.abs(actions[..., 0] - inputs["place"]) <= HALF + 1e-6

    def project(self, inputs, actions):
        if not self.exact:
            return None
        place = inputs["place"][:, None]
        near = np.clip(actions[..., :1], place - HALF, place + HALF)
        return np.concatenate([near, actions[..., 1:]], axis=-1)


class Band(gymnasium.Env):
    """The place moves at random; the reward is the second axis of the action."""

    metadata: ClassVar = {"render_modes": ["rgb_array"], "render_fps": 10}

    def __init__(self, render_mode=None, length=10, exact=False):
        self.render_mode, self.length = render_mode, length
        self.constraint = BandConstraint(exact)
        self.observation_space = spaces.Dict(
            {"place": spaces.Box(-1.0, 1.0, (1,)), "time": spaces.Box(0.0, length, (1,))}
        )
        self.action_space = spaces.Box(np.float32([-2, -1]), np.float32([2, 1]))

    def observed(self):
        self.place = self.np_random.uniform(-1.0, 1.0, 1).astype(np.float32)
        return {"place": self.place, "time": np.float32([self.steps])}

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self.observed(), {}

    def step(self, action):
        assert self.action_space.contains(action), action
        feasible = bool(abs(action[0] - self.place[0]) <= HALF + 1e-6)
        self.steps += 1
        ended = self.steps == self.length
        return self.observed(), float(action[1]), False, ended, {"feasible": feasible}

    def render(self):
        return np.zeros((16, 16, 3), np.uint8)


class BoxBand(Band):
    """The same, observing only an array [1] without a name."""

    def __init__(self, render_mode=None, length=10):
        super().__init__(render_mode, length)
        del self.constraint
        self.observation_space = spaces.Box(-1.0, 1.0, (1,))

    def observed(self):
        return super().observed()["place"].copy()


class BandMapping:
    """The exact mapping onto the band."""

    latent_dim = 2
    inputs: ClassVar = {"place": (1,)}
    action_space = SPACE

    def map_latent(self, observation, latent):
        place = observation["place"][:, None]
        actions = np.concatenate([place + HALF * latent[..., :1], latent[..., 1:]], axis=-1)
        sizes = latent.shape[:2]
        # The band has an area of 1, so the density is 1.
        return actions, np.full(sizes, 0.75, np.float32), np.zeros(sizes, np.float32)


gymnasium.register("reference/Band-v0", "reference.band:Band")
gymnasium.register("reference/BoxBand-v0", "reference.band:BoxBand")
