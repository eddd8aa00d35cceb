import math

import numpy as np
import pytest
from scipy.optimize import minimize

from fag_tf.rl.tasks.torque_limits import Ball, Moment, Power, PowerAndSine, Tip

# Places in observations of 17 numbers; angles come before velocities.
ANGLES, VELOCITIES = range(2, 8), range(11, 17)
LIMITS = {
    "L2": Ball(VELOCITIES, 0.05),
    "O": Power(VELOCITIES, 20.0),
    "M": Power(VELOCITIES, 10.0, driving_only=True),
    "MA": Moment(VELOCITIES, 1.0, ANGLES),
    "O+S": PowerAndSine(VELOCITIES, 10.0, ANGLES, 0.1),
    "T": Tip(VELOCITIES[:2], 0.05, elbow=1),
}
each = pytest.mark.parametrize("name", LIMITS)


def sums(name, w, t, a):
    """What the constraint bounds, and the bounds, by the formulas one by one."""
    if name == "T":
        both = a[0] + a[1]
        return [(a[0] ** 2 + 2 * a[0] * both * math.cos(t[0]) + both**2, 0.05)]
    if name == "L2":
        return [(sum(x * x for x in a), 0.05)]
    if name == "M":
        return [(sum(max(v * x, 0.0) for v, x in zip(w, a, strict=True)), 10.0)]
    if name == "MA":
        first = w[0] * a[0] * math.sin(t[0] + t[1] + t[2])
        return [(first + w[3] * a[3] * math.sin(t[3] + t[4] + t[5]), 1.0)]
    power = sum(abs(v * x) for v, x in zip(w, a, strict=True))
    if name == "O":
        return [(power, 20.0)]
    sines = sum(x * x * math.sin(angle) ** 2 for x, angle in zip(a, t, strict=True))
    return [(power, 10.0), (sines, 0.1)]


@pytest.fixture
def states():
    """Inputs of four states, with angles and velocities as in walking."""
    rng = np.random.default_rng(0)
    seen = np.zeros((4, 17))
    seen[:, ANGLES], seen[:, VELOCITIES] = rng.normal(size=(4, 6)), 8.0 * rng.normal(size=(4, 6))
    seen[0, 2] = 3.1  # an arm that is nearly folded
    seen[:, 1] = np.cos(seen[:, 2])

    def inputs(constraint):
        found = [constraint.inputs(observation) for observation in seen]
        return {key: np.stack([one[key] for one in found]) for key in found[0]}

    return inputs, seen.astype(np.float32).astype(float)


@each
def test_it_judges_by_the_formulas(name, states):
    inputs, seen = states
    constraint = LIMITS[name]
    rng = np.random.default_rng(1)
    size = constraint.action_space.dim
    actions = rng.uniform(-1.05, 1.05, (4, 300, size)) * rng.random((4, 300, 1)) ** 0.5
    found = constraint.feasible(inputs(constraint), actions)
    for observation, tried, verdicts in zip(seen, actions, found, strict=True):
        for action, verdict in zip(tried, verdicts, strict=True):
            bounded = sums(name, observation[VELOCITIES], observation[ANGLES], action)
            slack = min(1.0 - max(abs(action)), *(bound - value for value, bound in bounded))
            assert verdict == (slack >= 0.0) or abs(slack) < 1e-6  # observed in single precision
    assert 0.005 < found.mean() < 0.98
    still = constraint.feasible(inputs(constraint), np.zeros((4, 1, size)))
    assert still.all()
    assert not constraint.feasible(inputs(constraint), np.full((4, 1, size), np.nan)).any()


@each
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_projections_are_allowed_and_what_is_allowed_stays(name, kind, states):
    inputs, _ = states
    constraint = LIMITS[name]
    size = (4, 100, constraint.action_space.dim)
    actions = np.random.default_rng(2).uniform(-1.5, 1.5, size).astype(kind)
    projected = constraint.project(inputs(constraint), actions)
    assert projected.dtype == kind
    assert constraint.feasible(inputs(constraint), projected).all()
    np.testing.assert_array_equal(constraint.project(inputs(constraint), projected), projected)


@each
def test_projections_are_those_of_a_general_solver(name, states):
    inputs, seen = states
    constraint = LIMITS[name]
    size = constraint.action_space.dim
    actions = np.random.default_rng(3).uniform(-1.2, 1.2, (4, 2, size))
    projected = constraint.project(inputs(constraint), actions)
    for observation, tried, found in zip(seen, actions, projected, strict=True):
        w, t = observation[VELOCITIES], observation[ANGLES]
        for action, nearest in zip(tried, found, strict=True):

            def room(x, w=w, t=t):
                return [bound - value for value, bound in sums(name, w, t, x)]

            solved = minimize(
                lambda x, to=action: np.sum((x - to) ** 2),
                np.zeros(size),
                bounds=[(-1.0, 1.0)] * size,
                constraints={"type": "ineq", "fun": room},
                method="SLSQP",
                options={"maxiter": 300, "ftol": 1e-12},
            )
            distance = np.linalg.norm(nearest - action)
            if min(room(solved.x)) > -1e-9:  # the solver may fail where |x| has a corner
                assert distance <= np.linalg.norm(solved.x - action) + 1e-6
            # No admissible point near it is nearer to the action.
            rng = np.random.default_rng(4)
            scale = rng.choice([1e-3, 1e-2, 0.1], (500, 1))
            others = np.clip(nearest + scale * rng.normal(size=(500, size)), -1.0, 1.0)
            kept = [min(room(x)) >= 0.0 for x in others]
            away = np.linalg.norm(others[kept] - action, axis=-1)
            assert away.min(initial=9.0) >= distance - 1e-9


def test_inputs_are_the_joints_of_an_observation():
    observation = np.arange(17.0)
    constraint = LIMITS["O+S"]
    found = constraint.inputs(observation)
    np.testing.assert_array_equal(found["angles"], observation[2:8])
    np.testing.assert_array_equal(found["velocities"], observation[11:17])
    assert {key: spec.shape for key, spec in constraint.observation_spec.items()} == {
        "velocities": (6,),
        "angles": (6,),
    }
    assert found["angles"].dtype == np.float32
    assert set(LIMITS["O"].inputs(observation)) == {"velocities"}
