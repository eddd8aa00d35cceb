from fag_tf.deployment.grasp_sampling import GraspModel
from fag_tf.deployment.model_folders import shipped_model
from fag_tf.deployment.playground.description import describe
from fag_tf.deployment.sampler import load_model
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, FIELDS, PRESETS, RANGES
from fag_tf.environments.planar_grasp.parts.named import PART_NAMES


def test_sliders_have_the_ranges_of_the_models_card():
    told = describe(GraspModel(load_model(shipped_model())))
    assert [slider["name"] for slider in told["sliders"]] == list(FIELDS)
    for slider in told["sliders"]:
        assert (slider["low"], slider["high"]) == RANGES[slider["name"]]
        assert slider["default"] == getattr(DEFAULT_GRIPPER, slider["name"])
    assert told["parts"] == list(PART_NAMES)


def test_presets_say_what_of_them_the_model_has_not_seen():
    told = describe(GraspModel(load_model(shipped_model())))["presets"]
    assert [preset["name"] for preset in told] == list(PRESETS)
    for preset in told:
        outside = [
            name
            for name, value in preset["values"].items()
            if not RANGES[name][0] <= value <= RANGES[name][1]
        ]
        assert preset["outside"] == outside
