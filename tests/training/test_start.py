import pytest

from fag_tf.config.general import GENERAL_DEFAULTS
from fag_tf.config.schema import Config
from fag_tf.environments.toys.planar import Boxes
from fag_tf.errors import InputError
from fag_tf.training.run import open_run
from fag_tf.training.start import configuration, start_run
from reference.tiny_runs import eagerly, tiny_config  # noqa: F401


def test_an_environment_without_networks_of_its_own_has_defaults_of_its_own():
    general = GENERAL_DEFAULTS["trainer"]["steps"]
    config, environment = configuration({"env": "boxes"})
    assert config.trainer.steps == general
    assert isinstance(environment, Boxes)
    given = Boxes()
    config, environment = configuration({}, given)
    assert config.trainer.steps == general
    assert environment is given
    assert configuration({"trainer": {"steps": 5}}, given)[0].trainer.steps == 5
    assert configuration({"env": "planar_grasp"})[0] == Config()


@pytest.mark.parametrize(
    "values", [{"env": 5}, {"env_options": 5}, {"env": "no_such_environment"}, {"trainer": 5}]
)
def test_tables_that_are_no_configuration_are_refused(values):
    with pytest.raises(InputError):
        configuration(values)


def test_a_run_starts_in_its_folder_with_its_trainer(tmp_path):
    environment = Boxes(dim=2, num_boxes=1)
    folder, trainer = start_run(tmp_path / "run", tiny_config(), environment)
    assert folder.environment is trainer.environment is environment
    assert trainer.step == 0
    assert open_run(tmp_path / "run").config == trainer.config


def test_what_is_prepared_is_what_the_run_starts_with(tmp_path):
    def prepare(trainer):
        for variable in trainer.learner.actor.trainable_variables:
            variable.assign(0.25 + 0.0 * variable)

    folder, _ = start_run(tmp_path / "run", tiny_config(), prepare=prepare)
    for variable in folder.trainer().learner.actor.trainable_variables:
        assert (variable.numpy() == 0.25).all()


@pytest.mark.parametrize("setting", ["actor.latent_dim=1", "memory.capacity=1000000000000"])
def test_what_cannot_be_built_leaves_no_folder(setting, tmp_path):
    with pytest.raises(InputError):
        start_run(tmp_path / "run", tiny_config(setting))
    assert not (tmp_path / "run").exists()
