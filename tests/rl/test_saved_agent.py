import json
import sys

import gymnasium
import numpy as np
import onnxruntime
import pytest

import fag_tf as fag
from fag_tf.rl.agent_onnx import Layer, policy_graph
from fag_tf.rl.saved_agent import load_agent, policy_inputs, save_agent
from reference.band import Band

BAND = "reference.band:reference/Band-v0"
INPUTS = {"place": (1,), "time": (1,)}


def layers(rng):
    def dense(inputs, outputs, activation):
        weight = rng.normal(size=(outputs, inputs)).astype(np.float32)
        return Layer(weight, rng.normal(size=outputs).astype(np.float32), activation)

    return [dense(2, 5, "Relu"), dense(5, 4, "Tanh"), dense(4, 2, "")]


def computed(made, row):
    for weight, bias, activation in made:
        row = weight @ row + bias
        row = {"Relu": lambda x: np.maximum(x, 0), "Tanh": np.tanh, "": lambda x: x}[activation](
            row
        )
    return row


@pytest.mark.parametrize("bound", [False, True])
def test_the_graph_computes_the_layers(bound):
    rng = np.random.default_rng(0)
    made = layers(rng)
    shapes = {"second": (2, 2), "first": (3,)}
    made[0] = Layer(rng.normal(size=(5, 7)).astype(np.float32), made[0].bias, "Relu")
    content = policy_graph(shapes, made, bound).SerializeToString()
    session = onnxruntime.InferenceSession(content)
    arrays = {n: rng.normal(size=(3, *s)).astype(np.float32) for n, s in shapes.items()}
    (actions,) = session.run(["action"], arrays)
    for i in range(3):
        row = np.concatenate([arrays["second"][i].ravel(), arrays["first"][i]])
        expected = computed(made, row)
        expected = np.clip(expected, -1, 1) if bound else expected
        np.testing.assert_allclose(actions[i], expected, rtol=1e-4, atol=1e-5)


@pytest.fixture
def saved(tmp_path):
    description = {"env": BAND, "method": "projection", "model": None}
    save_agent(tmp_path / "agent", INPUTS, layers(np.random.default_rng(1)), True, description)
    return tmp_path / "agent"


def test_a_saved_agent_acts_in_its_environment(saved):
    agent = load_agent(saved.parent)  # as a run's folder holds it
    env = agent.make_env()
    observation, _ = env.reset(seed=0)
    for _ in range(5):
        row = np.concatenate([observation["place"], observation["time"]])
        action = agent(observation)
        expected = np.clip(computed(layers(np.random.default_rng(1)), row), -1, 1)
        np.testing.assert_allclose(action, expected, rtol=1e-4, atol=1e-5)
        observation, _, _, _, info = env.step(action)
        assert info["feasible"]


def test_no_module_is_imported_because_an_agent_names_it(saved):
    description = json.loads((saved / "agent.json").read_text())
    for named, message in (("this:Band-v9", "import this"), ("Band-v9", "registers it")):
        (saved / "agent.json").write_text(json.dumps({**description, "env": named}))
        with pytest.raises(fag.InputError, match=message):
            load_agent(saved).make_env()
    assert "this" not in sys.modules


def test_no_run_is_opened_because_an_agent_names_it(saved):
    description = json.loads((saved / "agent.json").read_text())
    changed = {**description, "method": "mapping", "model": "/tmp/a/run"}
    (saved / "agent.json").write_text(json.dumps(changed))
    with pytest.raises(fag.InputError, match="model=RUN"):
        load_agent(saved).make_env()


def test_other_observations_are_refused(saved):
    with pytest.raises(fag.InputError, match="observes place"):
        load_agent(saved)(np.zeros(3))


def test_a_model_is_copied_with_its_agent(tmp_path):
    model = tmp_path / "model" / "3"
    model.mkdir(parents=True)
    for name in ("model.json", "model.onnx", "mapping.onnx", "saved_model.pb"):
        (model / name).write_bytes(name.encode())
    description = {"env": BAND, "method": "mapping", "model": str(tmp_path / "model")}
    save_agent(tmp_path / "agent", INPUTS, layers(np.random.default_rng(1)), True, description)
    copied = {path.name for path in (tmp_path / "agent" / "model" / "3").iterdir()}
    assert copied == {"model.json", "model.onnx", "mapping.onnx"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 9}, "of format 9"),
        ({"method": "magic"}, "method 'magic'"),
        ({"env": 3}, "lacks env"),
        ({"method": "mapping"}, "lacks model"),
    ],
)
def test_a_folder_of_another_kind_is_refused(saved, change, message):
    description = json.loads((saved / "agent.json").read_text())
    (saved / "agent.json").write_text(json.dumps({**description, **change}))
    with pytest.raises(fag.InputError, match=message):
        load_agent(saved)


def test_a_damaged_policy_is_refused(saved):
    (saved / "policy.onnx").write_bytes(b"no network")
    with pytest.raises(fag.InputError, match=r"policy\.onnx"):
        load_agent(saved)
    (saved / "policy.onnx").unlink()
    with pytest.raises(fag.InputError, match=r"policy\.onnx"):
        load_agent(saved)


def test_pictures_are_not_observed_by_an_agent():
    space = gymnasium.spaces.Dict({"picture": gymnasium.spaces.Box(0, 255, (4, 4), np.uint8)})
    with pytest.raises(fag.InputError, match="picture"):
        policy_inputs(space)
    assert policy_inputs(Band().observation_space) == INPUTS
