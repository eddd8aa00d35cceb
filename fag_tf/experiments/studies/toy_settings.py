"""Settings and environments that the studies of toys share."""

from fag_tf.config.general import general_settings
from fag_tf.experiments.studies.controls import CONTROLS
from fag_tf.experiments.studies.plan import EnvironmentSpec, Variant

__all__ = ["AUTOREGRESSIVE", "BOXES", "CONTROL_CASES", "PLAIN_ESTIMATOR", "SMALL"]

# Sizes at which a run on a toy takes seconds on one core. The library's defaults are for images.
SMALL = (
    "actor.kind='implicit'",
    "actor.width=64",
    "policy.num_candidates=1",
    "actor.learning_rate={start=8e-3, end=8e-4, shape='cosine', begin=0.3}",
    "critic.width=64",
    "critic.states=8",
    "critic.experiences=256",
    "critic.updates=1",
    "critic.learning_rate={start=8e-3, end=8e-4, shape='cosine', begin=0.3}",
    "objective.num_supports=128",
    "objective.num_samples=128",
    "collect.states=8",
    "collect.initial_states=128",
    "collect.experiences=128",
    "collect.every=16",
    "collect.until=1.0",
    # These options are off, as in the published tables; toys were not tried with them.
    "collect.uncertain_share=0.0",
    "critic.average=0.0",
    "trainer.steps=600",
    "trainer.batch=8",
    "trainer.compile=false",
)
# What a user gets, but for the number of interactions, 55,000, and a quarter fewer steps.
AUTOREGRESSIVE = (
    "actor.kind='autoregressive'",
    "critic.experiences=32",
    "collect.experiences=32",
    "collect.initial_states=512",
    "collect.uncertain_share=0.5",
    *general_settings(),
    "collect.every=12",
    "trainer.steps=900",
)
PLAIN_ESTIMATOR = (
    "objective.uniform_weight=0.0",
    "objective.wide_weight=0.0",
    "objective.bandwidth=0.1",
    "objective.proposal_ratio=2.0",
    "objective.critic_gradient=0.0",
)
"""The paper's estimator: one bandwidth, and a proposal that is only a wider mixture."""

# The volume ratio of two boxes varies by state, up to nine to one: one mode is easy to miss.
BOXES = EnvironmentSpec("boxes", {"num_boxes": 2})
CONTROL_CASES = tuple(Variant(name, method=name) for name in CONTROLS)
"""Cases that every table has."""
