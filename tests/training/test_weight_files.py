import numpy as np
import pytest
import tensorflow as tf

from fag_tf.errors import InputError
from fag_tf.networks.mlp import MLPActor
from fag_tf.spaces import ActionSpace, ArraySpec, Axis
from fag_tf.training.weight_files import load_weights, save_weights


def actor_of(seed, width=8):
    spec = {"place": ArraySpec((2,))}
    made = MLPActor(ActionSpace([Axis("x", 0.0, 1.0)]), spec, 1, width, 1, seed)
    made({"place": tf.ones((1, 2))}, tf.zeros((1, 1, 1)))
    return made


def test_weights_are_had_again(tmp_path):
    one, other = actor_of(0), actor_of(1)
    save_weights(one, tmp_path / "actor.npz")
    load_weights(other, tmp_path / "actor.npz")
    for kept, loaded in zip(one.trainable_variables, other.trainable_variables, strict=True):
        np.testing.assert_array_equal(kept.numpy(), loaded.numpy())


@pytest.mark.parametrize("damage", ["missing", "cut", "other shapes", "objects"])
def test_what_is_no_file_of_the_network_is_refused(damage, tmp_path):
    path = tmp_path / "actor.npz"
    if damage != "missing":
        save_weights(actor_of(0, width=4 if damage == "other shapes" else 8), path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:100])
    if damage == "objects":
        np.savez(path, np.array([{}], dtype=object))
    with pytest.raises(InputError, match=r"actor\.npz"):
        load_weights(actor_of(0), path)
