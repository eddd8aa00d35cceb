"""The actor's density as the objective takes it: exact, or the kernel density of its samples.

An implicit actor has only samples. Its density is that of kernels around them, and a gradient
reaches the actor through the samples. An actor with `exact_density` gives its density itself. A
gradient reaches it through this density alone, and its samples only say where to look.
"""

from functools import partial
from typing import Any

import tensorflow as tf

from fag_tf.networks.base import Actor
from fag_tf.objectives.f_divergence import FDivergenceObjective
from fag_tf.objectives.mixtures import ExactDistribution
from fag_tf.spaces import ActionSpace

__all__ = ["actor_log_density", "exact_distribution"]


def exact_distribution(
    actor: Actor, features: Any, space: ActionSpace, batch: Any
) -> ExactDistribution | None:
    """The distribution of the actor's own actions in B states; None for an implicit actor.

    Args:
        actor: the actor.
        features: the actor's features of B states.
        space: the action space.
        batch: B, an integer or a scalar tensor.
    """
    if not actor.exact_density:
        return None
    return ExactDistribution(
        space,
        partial(actor.act, features),
        partial(actor.log_density, features),
        actor.latent_dim,
        batch,
    )


def actor_log_density(
    actor: Actor,
    objective: FDivergenceObjective,
    features: Any,
    supports: tf.Tensor,
    samples: tf.Tensor,
    bandwidth: Any,
) -> tf.Tensor:
    """Log density of the actor at samples, through which a gradient reaches the actor.

    Args:
        actor: the actor.
        objective: gives the kernel density for an implicit actor.
        features: the actor's features of B states.
        supports: the actor's own actions `[B, N, A]`. They matter only for an implicit actor.
        samples: samples of the proposal `[B, M, A]`.
        bandwidth: sigma of the kernel density, scalar or `[A]`, in half-ranges.

    Returns:
        Log density `[B, M]`, per product of the units of the axes.
    """
    if actor.exact_density:
        return actor.log_density(features, samples)
    return objective.kernel_log_density(supports, samples, bandwidth)
