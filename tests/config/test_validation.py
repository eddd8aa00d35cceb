from dataclasses import dataclass, field

import pytest

from fag_tf.config.schedules import Schedule
from fag_tf.config.validation import at_least, at_most, is_share
from fag_tf.errors import InputError


@dataclass
class PartConfig:
    size: float = 3.0
    rate: Schedule = field(default_factory=lambda: Schedule(0.5, 2.0))


@pytest.mark.parametrize("size", [1.9, float("nan"), float("inf")])
def test_what_is_too_little_or_no_number_is_named_as_users_write_it(size):
    with pytest.raises(InputError, match=rf"^part\.size.*{size}.*2$"):
        at_least(PartConfig(size=size), size=2)


def test_both_ends_of_a_schedule_are_held_to_a_bound():
    at_least(PartConfig(), size=3, rate=0.5)
    at_most(PartConfig(), size=3, rate=2.0)
    with pytest.raises(InputError, match=r"^part\.rate.*0\.5.*1$"):
        at_least(PartConfig(), rate=1)
    with pytest.raises(InputError, match=r"^part\.rate.*2\.0.*1$"):
        at_most(PartConfig(), rate=1)


@pytest.mark.parametrize("size", [-0.1, 1.1, float("nan")])
def test_a_share_lies_between_none_and_all(size):
    is_share(PartConfig(size=1.0), "size")
    with pytest.raises(InputError, match=rf"^part\.size.*{size}.*0, 1"):
        is_share(PartConfig(size=size), "size")
