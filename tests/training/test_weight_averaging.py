import keras
import numpy as np

from fag_tf.training.weight_averaging import RunningAverage


def layer(value):
    made = keras.layers.Dense(1, use_bias=False)
    made.build((None, 1))
    made.kernel.assign([[value]])
    return made


def test_it_begins_as_the_network_is():
    averaged = layer(5.0)
    RunningAverage(layer(2.0), averaged, 0.9)
    assert averaged.kernel.numpy() == 2.0


def test_what_is_not_trained_is_taken_over_with_the_start():
    online, averaged = (keras.layers.BatchNormalization() for _ in range(2))
    for network in (online, averaged):
        network.build((None, 1))
    average = RunningAverage(online, averaged, 0.9)
    online.moving_mean.assign([4.0])
    average.update()
    assert averaged.moving_mean.numpy() == 0.0
    average.settle()
    assert averaged.moving_mean.numpy() == 4.0


def test_it_forgets_the_start_soon_and_then_keeps_its_decay():
    online, averaged = layer(0.0), layer(0.0)
    average = RunningAverage(online, averaged, 0.5)
    online.kernel.assign([[1.0]])
    expected = 0.0
    for step in range(1, 31):
        average.update()
        decay = min(0.5, step / (step + 10.0))
        expected = decay * expected + (1.0 - decay)
        np.testing.assert_allclose(averaged.kernel.numpy()[0, 0], expected, rtol=1e-6)
    assert average.steps.numpy() == 30.0


def test_without_decay_it_is_the_network_itself():
    online, averaged = layer(0.0), layer(0.0)
    average = RunningAverage(online, averaged, 0.0)
    online.kernel.assign([[3.0]])
    average.update()
    assert averaged.kernel.numpy() == 3.0


def test_settled_it_begins_from_the_present_weights_with_its_full_decay():
    online, averaged = layer(0.0), layer(0.0)
    average = RunningAverage(online, averaged, 0.99)
    online.kernel.assign([[1.0]])
    average.settle()
    assert averaged.kernel.numpy() == 1.0
    online.kernel.assign([[2.0]])
    average.update()
    np.testing.assert_allclose(averaged.kernel.numpy(), 0.99 * 1.0 + 0.01 * 2.0, rtol=1e-6)
