import json

import numpy as np
import pytest

from fag_tf.deployment.grasp_sampling import GraspModel
from fag_tf.deployment.model_folders import shipped_model
from fag_tf.deployment.playground.answers import answer_query, cluster_truth
from fag_tf.deployment.playground.queries import parse_query
from fag_tf.deployment.sample_files import read_actions, samples_csv
from fag_tf.deployment.sampler import load_model
from fag_tf.environments.planar_grasp.feasibility.rules import first_broken_rule
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER
from fag_tf.environments.planar_grasp.parts.named import named_part
from fag_tf.environments.planar_grasp.scenes import scene_of_object
from fag_tf.errors import InputError
from reference.page import base64_of, picture, question


@pytest.fixture(scope="module")
def sampler():
    return load_model(shipped_model())


def ask(sampler, part, **others):
    answer = answer_query(GraspModel(sampler), parse_query(question(part, **others), 128))
    return json.loads(json.dumps(answer))  # as the page gets it


def test_the_grasps_and_their_csv_are_those_of_the_command_line(sampler):
    answer = ask(sampler, {"name": "hammer"})
    found = GraspModel(sampler).draw(scene_of_object("hammer"), None, 32, 1)
    more = scene_of_object("hammer").columns(found.action, DEFAULT_GRIPPER)
    assert answer["csv"] == samples_csv(["x", "y", "theta"], found.action, found.feasibility, more)
    assert answer["tries"] == found.tries
    told = [[each["x"], each["y"], each["degrees"]] for each in answer["grasps"]]
    wanted = found.action * [1e3, 1e3, 180 / np.pi]
    np.testing.assert_allclose(told, wanted, atol=0.051)


def test_verdicts_are_those_of_the_exact_rules_and_only_given_when_asked(sampler, tmp_path):
    assert ask(sampler, {"name": "L"})["exact"] is None
    answer = ask(sampler, {"name": "L"}, exact=True, min_feasibility=0)
    (tmp_path / "grasps.csv").write_text(answer["csv"])
    actions = read_actions(tmp_path / "grasps.csv", ("x", "y", "theta")).actions
    wanted = first_broken_rule(named_part("L")[1], DEFAULT_GRIPPER, actions)
    assert answer["exact"]["broken"] == wanted.tolist()
    assert answer["exact"]["feasible"] == int((wanted == 0).sum())
    assert answer["exact"]["known"]


def test_grasps_of_a_picture_hold_by_the_outline_traced_in_it(sampler):
    shown = {"picture": base64_of(picture()), "file": "bar.png", "width_mm": 250.0}
    answer = ask(sampler, shown)
    assert (answer["verified"], answer["traced"]) == (False, True)
    assert not any("outside the picture" in note for note in answer["notes"])
    beside = base64_of(picture(box=(10, 350, 300, 450)))
    near = {**shown, "picture": beside}
    assert any("outside the picture" in note for note in ask(sampler, near)["notes"])


def test_without_verdicts_only_grasps_that_hold_are_given(sampler):
    answer = ask(sampler, {"name": "L"}, min_feasibility=0)
    assert answer["verified"]
    actions = [[g["x"] / 1e3, g["y"] / 1e3, np.deg2rad(g["degrees"])] for g in answer["grasps"]]
    broken = first_broken_rule(named_part("L")[1], DEFAULT_GRIPPER, np.array(actions))
    assert np.mean(broken == 0) > 0.9  # they are rounded for the page
    assert not ask(sampler, {"name": "L"}, exact=True)["verified"]


def test_the_page_is_told_why_nothing_holds(sampler, monkeypatch):
    monkeypatch.setattr(
        "fag_tf.environments.planar_grasp.feasibility.exact_sampling._MOST_TRIES", 20_000
    )
    gripper = {**vars(DEFAULT_GRIPPER), "opening": 0.05}
    disc = base64_of(picture("RGBA", (0, 0, 0, 0), (0, 0, 0, 255), (330, 330, 570, 570)))
    answer = ask(sampler, {"drawing": disc}, gripper=gripper)
    assert answer["grasps"] == []
    assert "exceeds the opening, 50 mm" in answer["reason"]


def test_modes_of_a_known_part_are_those_of_the_truth(sampler):
    answer = ask(sampler, {"name": "hammer"}, count=256)
    modes = answer["modes"]
    assert (modes["word"], modes["count"]) == ("mode", len(modes["expected"]))
    labels = np.array([grasp["mode"] for grasp in answer["grasps"]])
    counts = np.bincount(labels[labels >= 0], minlength=modes["count"])
    assert modes["grasps"] == counts.tolist()
    assert modes["stray"] == (labels < 0).sum()
    assert sorted(answer["walk"]) == list(range(256))
    walked = labels[answer["walk"]]
    walked = walked[: (labels >= 0).sum()]
    assert np.all(np.diff(walked) >= 0)


def test_of_a_picture_clusters_are_counted_and_verdicts_are_of_the_traced_outline(sampler):
    part = {"picture": base64_of(picture()), "file": "bar.png", "width_mm": 270.0}
    answer = ask(sampler, part, exact=True, count=128)
    assert answer["modes"]["word"] == "cluster"
    assert answer["modes"]["expected"] is None
    assert answer["exact"]["known"] is False
    assert answer["exact"]["feasible"] > 100


def test_clusters_are_connected_groups_of_grasps_also_across_half_a_turn():
    rng = np.random.default_rng(0)
    grasps = rng.uniform([-0.01, -0.01, -0.2], [0.01, 0.01, 0.2], (120, 3))
    grasps[60:, 0] += 0.1
    grasps[:, 2] %= np.pi
    assert cluster_truth(grasps).num_modes == 2
    assert cluster_truth(np.empty((0, 3))).num_modes == 0


def test_where_nothing_holds_the_answer_is_empty_but_whole(sampler):
    gripper = {**vars(DEFAULT_GRIPPER), "opening": 0.05}
    disc = base64_of(picture("RGBA", (0, 0, 0, 0), (0, 0, 0, 255), (330, 330, 570, 570)))
    answer = ask(sampler, {"drawing": disc}, gripper=gripper, exact=True)
    assert answer["grasps"] == answer["walk"] == answer["exact"]["broken"] == []
    assert answer["csv"] == "x,y,theta,feasibility,width\n"
    assert answer["outline"]
    assert answer["best"] < 0.5


def test_a_gripper_beyond_the_model_is_refused_with_its_range(sampler):
    gripper = {**vars(DEFAULT_GRIPPER), "opening": 0.9}
    with pytest.raises(InputError, match=r"opening.*0\.9 m.*0\.02 to 0\.15 m"):
        ask(sampler, {"name": "H"}, gripper=gripper)
