"""A saved model of grasps behind a view: it sees the view, and its grasps are the table's."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fag_tf.deployment.model_card import ModelCard
from fag_tf.deployment.sampler import SavedModel
from fag_tf.deployment.samples import Samples
from fag_tf.environments.planar_grasp.views import View
from fag_tf.spaces import Observation

__all__ = ["ViewedModel", "in_table_frame"]


@dataclass(frozen=True)
class ViewedModel:
    """What `draw_feasible` asks of a saved model.

    Attributes:
        saved: the model, which is given the observation of the view.
        view: whose grasps are carried into the table's frame.
    """

    saved: SavedModel
    view: View

    @property
    def card(self) -> ModelCard:
        """The model's card."""
        return self.saved.card

    def check_observation(self, observation: Observation) -> Observation:
        """See `SavedModel.check_observation`."""
        return self.saved.check_observation(observation)

    def run(self, observation: Observation, latent: NDArray[np.float32]) -> Samples:
        """See `SavedModel.run`; the samples are in the table's frame."""
        return in_table_frame(self.saved.run(observation, latent), self.view)


def in_table_frame(samples: Samples, view: View) -> Samples:
    """Samples of a view in the table's frame, with their densities per m^2 rad there."""
    if view.is_table:
        return samples
    log_density = samples.log_density
    if log_density is not None:
        log_density = log_density + np.float32(2.0 * math.log(view.scale))
    return Samples(view.to_table(samples.action), samples.feasibility, log_density)
