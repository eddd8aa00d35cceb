"""The actor of this library, with the interface of the baselines."""

from fag_tf.config.schema import Config
from fag_tf.networks.policy import Policy
from fag_tf.training.baselines.fitted import Fitted
from fag_tf.training.build import build_trainer

__all__ = ["fit_actor"]


def fit_actor(config: Config) -> Fitted:
    """Train actor and critic in the usual training loop and sample from the averaged actor."""
    trainer = build_trainer(config)
    report: dict[str, float] = {}
    trainer.run(report.update)
    learner = trainer.learner
    policy = Policy.configured(learner.averaged_actor, learner.averaged_critic, config.policy)
    return Fitted(policy, trainer.interactions, learner.averaged_critic, report)
