import pytest

from fag_tf.environments.planar_grasp.physics.settings import PhysicsSettings
from fag_tf.errors import InputError


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("thickness", 20.0, "20 mm is 0.02"),
        ("density", 0.0, "above 0"),
        ("mass", -1.0, "above 0"),
        ("force", float("nan"), "N"),
        ("shake", -0.1, "at least 0"),
        ("max_slip", 3.0, "3 mm is 0.003"),
        ("max_turn", 181.0, "degrees"),
        ("timestep", 0.01, "s"),
    ],
)
def test_numbers_out_of_range_are_refused_with_their_unit(name, value, right):
    with pytest.raises(InputError, match=name) as refused:
        PhysicsSettings(**{name: value})
    assert right in str(refused.value)


def test_nothing_need_be_shaken_and_a_mass_need_not_be_known():
    assert PhysicsSettings(shake=0.0).mass is None
