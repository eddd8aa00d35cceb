import numpy as np
import pytest
import tensorflow as tf

from fag_tf.networks.base import Actor, Critic, Drawn, for_each
from reference.execution import every_execution


@every_execution
def test_features_stand_beside_each_action(run):
    features = np.float32([[1.0, 2.0], [3.0, 4.0]])
    repeated = run(for_each)(features, 3).numpy()
    np.testing.assert_array_equal(repeated, [3 * [[1.0, 2.0]], 3 * [[3.0, 4.0]]])


def test_the_contracts_have_to_be_filled():
    for contract, method in ((Actor(), "act"), (Critic(), "logits")):
        with pytest.raises(NotImplementedError):
            contract.encode({})
        with pytest.raises(NotImplementedError):
            getattr(contract, method)(None, None)


def test_an_actor_has_no_exact_density_unless_it_says_so():
    assert not Actor.exact_density
    with pytest.raises(NotImplementedError):
        Actor().log_density(None, None)


class Doubling(Actor):
    """Twice the latent, so that the density is a half of the latents'."""

    exact_density = True
    latent_dim = 1

    def encode(self, observation):
        return observation["centre"]

    def act(self, features, latent):
        return features[:, None] + 2.0 * latent

    def log_density(self, features, actions):
        inside = tf.abs(actions - features[:, None])[..., 0] <= 2.0
        return tf.where(inside, -np.log(4.0), -np.inf)


class Distance(Critic):
    def encode(self, observation):
        return observation["centre"]

    def logits(self, features, actions):
        return (actions - features[:, None])[..., 0]


STATE = {"centre": np.float32([[1.0], [-3.0]])}


def test_what_is_drawn_are_the_actions_with_their_density_and_nothing_else_known():
    actor, latent = Doubling(), np.float32([[[0.5], [-1.0]], [[0.0], [1.0]]])
    features = actor.encode(STATE)
    drawn = actor.draw(features, latent)
    assert isinstance(drawn, Drawn)
    np.testing.assert_array_equal(drawn.actions, actor(STATE, latent))
    np.testing.assert_allclose(drawn.log_density, -np.log(4.0) * np.ones((2, 2)), rtol=1e-6)
    assert drawn.known is None


def test_an_actor_without_probabilities_of_its_own_has_nothing_to_imitate():
    actor = Doubling()
    loss = actor.imitation_loss(actor.encode(STATE), tf.zeros([2, 3, 1]), tf.ones([2, 3]))
    assert loss.shape == ()
    assert loss == 0.0


@pytest.mark.parametrize("known", [None, "anything"])
def test_a_critic_looks_at_drawn_actions_as_at_any_others(known):
    critic, actions = Distance(), tf.constant([[[0.5]], [[2.0]]])
    drawn = Drawn(actions, tf.zeros([2, 1]), known)
    np.testing.assert_array_equal(critic.logits_of(STATE, drawn), critic(STATE, actions))
    np.testing.assert_array_equal(critic.logits_of(STATE, drawn), [[-0.5], [5.0]])
