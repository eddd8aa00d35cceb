"""The lines of Python on the how-to pages, run in an empty folder."""

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


def python_blocks(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def run(code, names=None):
    names = {} if names is None else names
    exec(compile(code, "page", "exec"), names)
    return names


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder, the current one, whose modules can be imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.fixture
def near(folder, monkeypatch):
    """The names of the page's own networks, with the README's environment beside them."""
    (tray,) = (code for code in python_blocks("README.md") if code.startswith("# tray.py"))
    (folder / "tray.py").write_text(tray, encoding="utf-8")
    monkeypatch.delitem(__import__("sys").modules, "tray", raising=False)
    blocks = python_blocks("docs/how_to/own_networks.md")
    names = run(next(code for code in blocks if code.startswith("# near.py")), {"np": np})
    return run(next(code for code in blocks if code.startswith("def symmetric_copies")), names)


@pytest.mark.slow
def test_grasps_are_drawn_as_the_page_says(folder):
    (code,) = python_blocks("docs/how_to/grasps.md")
    names = run(code)
    assert (folder / "grasps.png").exists()
    assert names["ok"].mean() > 0.9
    assert names["likely"].feasibility.min() >= 0.5
    scene, holding = names["scene"], names["holding"]
    assert names["env"].feasibility([scene.state()], holding.action[None]).all()


@pytest.mark.slow
def test_the_drawn_depth_picture_shows_a_bar_that_can_be_grasped(folder):
    make, use = python_blocks("docs/how_to/depth_camera.md")
    run(make)
    names = run(use)
    bounds = np.array(names["scene"].outline().bounds)
    np.testing.assert_allclose(bounds[2:] - bounds[:2], [0.12, 0.024], atol=2e-3)
    assert names["feasibility"].mean() > 0.8


def test_the_own_critic_sees_no_difference_in_a_half_turn_of_the_tool(near):
    from fag_tf.config.schema import Config
    from fag_tf.training.build import build_networks

    environment = near["NearTray"]()
    _, critic = build_networks(Config(), environment)
    rng = np.random.default_rng(0)
    observation = environment.observe(environment.draw_states(rng, 3))
    actions = environment.action_space.sample(rng, (3, 50)).astype(np.float32)
    logits = critic(observation, actions).numpy()
    assert logits.shape == (3, 50)
    turned = critic(observation, actions + np.float32([0.0, 0.0, np.pi])).numpy()
    np.testing.assert_allclose(logits, turned, atol=1e-4)
    assert np.ptp(logits) > 0.0


def test_mirrored_trays_have_the_same_labels(near):
    environment = near["NearTray"]()
    rng = np.random.default_rng(1)
    states = environment.draw_states(rng, 4)
    actions = environment.action_space.sample(rng, (4, 500))
    mirrored, flipped = near["symmetric_copies"](environment, rng, states, actions)
    assert not np.array_equal(actions, flipped)
    before = environment.feasibility(states, actions)
    np.testing.assert_array_equal(before, environment.feasibility(mirrored, flipped))
