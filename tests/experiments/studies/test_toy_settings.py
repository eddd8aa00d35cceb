from fag_tf.config.general import with_general_defaults
from fag_tf.config.parsing import apply_settings, config_from_dict, config_to_dict
from fag_tf.experiments.studies.toy_settings import AUTOREGRESSIVE, SMALL


def options_of(config):
    found = {}
    for name, value in config_to_dict(config).items():
        if isinstance(value, dict):
            found |= {f"{name}.{option}": entry for option, entry in value.items()}
        else:
            found[name] = value
    return found


def test_rows_of_the_default_actor_have_what_a_user_gets():
    study = options_of(config_from_dict(apply_settings({}, (*SMALL, *AUTOREGRESSIVE))))
    user = options_of(config_from_dict(with_general_defaults({})))
    different = {name for name in study.keys() | user.keys() if study.get(name) != user.get(name)}
    # The number of candidates of an implicit actor is nothing to an autoregressive one.
    assert different == {"actor.kind", "collect.every", "policy.num_candidates", "trainer.steps"}
