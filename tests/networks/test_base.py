import numpy as np
import pytest

from fag_tf.networks.base import Actor, Critic, for_each
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
