import types

import pytest

from fag_tf.experiments.benchmarks.time_to_quality import Reached, train_until


class FakeTrainer:
    """A second a step; `run` as that of `Trainer`."""

    def __init__(self, clock, steps=1000):
        self.clock, self.step = clock, 0
        self.config = types.SimpleNamespace(trainer=types.SimpleNamespace(steps=steps))

    def run(self, stop):
        while self.step < self.config.trainer.steps:
            self.clock.now += 1.0
            self.step += 1
            if stop():
                return


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_it_ends_when_it_is_good_and_asking_costs_nothing(clock):
    trainer = FakeTrainer(clock)

    def good():
        clock.now += 50.0
        return trainer.step >= 30

    assert train_until(trainer, good, 100.0, 10, clock) == Reached(30.0, 30, True)


def test_it_ends_when_the_time_is_over(clock):
    trainer = FakeTrainer(clock)
    assert train_until(trainer, lambda: False, 25.0, 10, clock) == Reached(26.0, 26, False)


def test_it_is_asked_a_last_time_when_the_steps_are_done(clock):
    trainer = FakeTrainer(clock, steps=15)
    good = lambda: trainer.step == 15  # noqa: E731
    assert train_until(trainer, good, 100.0, 10, clock) == Reached(15.0, 15, True)
