"""An environment whose check may be slow, or end the process that computes it."""

import os
import time
from pathlib import Path

import numpy as np

from reference.least_environment import Least


class Dear(Least):
    """Feasible is what is nearer to 0 than the state says.

    Args:
        seconds: time of each check.
        deadly: a file; the process that can remove it ends at its next check, as in a crash. Empty
            for none.
        random: whether labels are drawn when the environment is made, which they must not be.
    """

    name = "dear"

    def __init__(self, seconds=0.0, deadly="", random=False):
        super().__init__(low=-1.0)
        self.seconds, self.deadly = seconds, deadly
        self.bias = int.from_bytes(os.urandom(4)) if random else 0
        self.pid = os.getpid()

    def draw_states(self, rng, batch):
        return list(rng.random(batch))

    def observe(self, states):
        return {"state": np.array(states, np.float32)[:, None]}

    def feasibility(self, states, actions):
        if self.deadly and len(states) == 1 and os.environ.get("FAG_TF_TEST_MAIN") != str(self.pid):
            try:
                Path(self.deadly).unlink()
            except OSError:
                pass
            else:
                os._exit(9)
        time.sleep(self.seconds * actions.shape[0] * actions.shape[1])
        near = np.abs(actions[..., 0]) < np.array(states)[:, None]
        if self.bias:
            near ^= np.random.default_rng(self.bias).random(near.shape) < 0.5
        return near
