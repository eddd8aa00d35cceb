import pytest

from fag_tf.config.parsing import apply_settings, config_from_dict
from fag_tf.environments.planar_grasp.environment import PlanarGrasp
from fag_tf.environments.planar_grasp.networks.actor_critic import GraspActor, GraspCritic
from fag_tf.environments.planar_grasp.networks.build import build_actor, build_critic
from fag_tf.environments.planar_grasp.networks.look_critic import LookCritic
from fag_tf.environments.planar_grasp.networks.scanning_actor import ScanningActor
from fag_tf.errors import InputError


@pytest.mark.parametrize(
    ("kind", "actor", "critic"),
    [
        ("auto", ScanningActor, LookCritic),
        ("scanning", ScanningActor, LookCritic),
        ("implicit", GraspActor, GraspCritic),
    ],
)
def test_the_environment_brings_the_networks_of_each_kind(kind, actor, critic):
    config = config_from_dict(apply_settings({}, [f"actor.kind={kind}"]))
    environment = PlanarGrasp()
    assert isinstance(environment.build_actor(config), actor)
    assert isinstance(environment.build_critic(config), critic)


@pytest.mark.parametrize(("network", "build"), [("actor", build_actor), ("critic", build_critic)])
def test_a_width_that_mirror_images_cannot_share_is_refused(network, build):
    settings = ["actor.kind=implicit", f"{network}.width=42"]
    config = config_from_dict(apply_settings({}, settings))
    with pytest.raises(InputError, match=rf"^{network}\.width.*\b42\b.*\b4\b"):
        build(config)
