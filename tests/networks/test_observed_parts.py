import numpy as np
import pytest

from fag_tf.errors import InputError
from fag_tf.networks.observed_parts import PartReader
from fag_tf.spaces import ArraySpec

SPEC = {
    "goal": ArraySpec((2,)),
    "size": ArraySpec((), "int32"),
    "boxes": ArraySpec((3, 2)),
    "heights": ArraySpec((3, 1)),
    "spheres": ArraySpec((4, 3), unordered=True, presence=2),
}
RNG = np.random.default_rng(0)
OBSERVATION = {
    "goal": RNG.normal(size=(2, 2)).astype(np.float32),
    "size": np.array([1, 2], np.int32),
    "boxes": RNG.normal(size=(2, 3, 2)).astype(np.float32),
    "heights": RNG.normal(size=(2, 3, 1)).astype(np.float32),
    "spheres": RNG.uniform(0.1, 1.0, (2, 4, 3)).astype(np.float32),
}
OBSERVATION["spheres"][1, 2:, 2] = 0.0


def test_vectors_are_joined_and_rows_of_equal_number_are_the_same_things():
    reader = PartReader(SPEC, seed=0)
    assert (reader.vector_size, reader.row_sizes) == (3, [2 + 1 + 3, 3])
    parts = reader(OBSERVATION)
    expected = np.column_stack([OBSERVATION["goal"], OBSERVATION["size"]])
    np.testing.assert_allclose(parts.vector, expected)
    things, spheres = parts.rows
    np.testing.assert_allclose(things.values[..., :2], OBSERVATION["boxes"])
    np.testing.assert_allclose(things.values[..., 2:3], OBSERVATION["heights"])
    np.testing.assert_allclose(things.values[0, :, 3:], np.eye(3))  # the place in the list
    assert things.present is None
    np.testing.assert_allclose(spheres.values, OBSERVATION["spheres"])
    np.testing.assert_allclose(spheres.present, [[1, 1, 1, 1], [1, 1, 0, 0]])


def test_a_set_and_a_list_of_equal_number_are_not_the_same_things():
    spec = {"list": ArraySpec((3, 2)), "set": ArraySpec((3, 2), unordered=True)}
    assert PartReader(spec, seed=0).row_sizes == [5, 2]


@pytest.mark.parametrize(
    ("shape", "dtype"), [((16, 16, 3), "uint8"), ((24, 16, 1), "float32"), ((2, 8, 8, 3), "uint8")]
)
def test_pictures_are_read_by_a_small_convolutional_network(shape, dtype):
    reader = PartReader({"picture": ArraySpec(shape, dtype)}, seed=0)
    picture = RNG.integers(0, 255, (2, *shape)).astype(dtype)
    vector = reader({"picture": picture}).vector.numpy()
    assert vector.shape == (2, reader.vector_size)
    assert np.abs(vector[0] - vector[1]).max() > 1e-3
    assert reader.trainable_variables


def many_states(rng):
    spheres = np.concatenate(
        [rng.normal(5.0, 0.1, (400, 4, 2)), rng.integers(0, 2, (400, 4, 1))], axis=-1
    )
    spheres[spheres[..., 2] == 0.0] = 99.0
    spheres[..., 2] = spheres[..., 2] == 1.0
    return {
        "goal": rng.normal([3.0, 100.0], [0.01, 20.0], (400, 2)).astype(np.float32),
        "size": np.full(400, 7, np.int32),
        "boxes": rng.normal(0.0, 0.05, (400, 3, 2)).astype(np.float32),
        "heights": rng.normal(1.0, 3.0, (400, 3, 1)).astype(np.float32),
        "spheres": spheres.astype(np.float32),
    }


def test_numbers_are_standardised_by_what_was_observed_first():
    reader, observed = PartReader(SPEC, seed=0, standardise=True), many_states(RNG)
    reader.adapt(observed)
    parts = reader(observed)
    things, spheres = parts.rows
    for values in (parts.vector[:, :2], things.values[..., :3]):
        flat = np.reshape(values, (-1, values.shape[-1]))
        np.testing.assert_allclose(flat.mean(axis=0), 0.0, atol=1e-4)
        np.testing.assert_allclose(flat.std(axis=0), 1.0, atol=1e-4)
    # What never varied stays as it is, so that another value is no huge number.
    np.testing.assert_allclose(parts.vector[:, 2], 7.0)
    np.testing.assert_allclose(things.values[0, :, 3:], np.eye(3))
    there = spheres.values.numpy()[spheres.present.numpy() > 0]
    np.testing.assert_allclose(there[:, :2].mean(axis=0), 0.0, atol=1e-4)
    np.testing.assert_allclose(spheres.present, observed["spheres"][..., 2])


def test_a_scale_is_learnt_once_and_only_if_it_is_asked_for():
    reader, plain = PartReader(SPEC, 0, standardise=True), PartReader(SPEC, 0)
    first = many_states(RNG)
    reader.adapt(first)
    expected = reader(OBSERVATION)
    for again in (OBSERVATION, many_states(RNG)):
        reader.adapt(again)
        plain.adapt(again)
    np.testing.assert_array_equal(reader(OBSERVATION).vector, expected.vector)
    np.testing.assert_allclose(plain(OBSERVATION).vector[:, :2], OBSERVATION["goal"])
    assert not plain.non_trainable_variables
    assert not reader.trainable_variables


@pytest.mark.parametrize("options", [{"unordered": True}, {"presence": 0}])
def test_only_rows_can_be_a_set_or_be_absent(options):
    with pytest.raises(InputError, match="no rows"):
        ArraySpec((3,), **options)


def test_presence_is_a_column():
    with pytest.raises(InputError, match=r"presence is 3.*from 0 to 2"):
        ArraySpec((4, 3), presence=3)
