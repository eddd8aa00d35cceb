import itertools

from fag_tf.training.random_streams import Purpose, stream_of


def test_every_seed_purpose_and_step_has_numbers_of_its_own_and_always_the_same():
    keys = list(itertools.product(range(3), Purpose, range(5)))
    drawn = [stream_of(seed, purpose)(count).random() for seed, purpose, count in keys]
    assert len(set(drawn)) == len(keys)
    assert drawn == [stream_of(seed, purpose)(count).random() for seed, purpose, count in keys]
