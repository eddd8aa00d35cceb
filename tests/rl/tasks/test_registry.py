import gymnasium

import fag_tf.rl  # noqa: F401 - registers the tasks
from fag_tf.rl.constraint import ConstrainedEnv, Constraint
from fag_tf.rl.tasks.registry import register_tasks

NAMES = [f"fag_tf/{name}-v0" for name in ("SplinePath", "RobotArm")] + [
    f"fag_tf/{name}Constrained-v0" for name in ("Reacher", "HalfCheetah", "Hopper", "Walker2d")
]


def test_every_task_is_known_and_has_a_constraint():
    known = [name for name in gymnasium.registry if name.startswith("fag_tf/")]
    assert known == NAMES
    for name in NAMES:
        env = gymnasium.make(name)
        assert isinstance(env.unwrapped, ConstrainedEnv)
        assert isinstance(env.get_wrapper_attr("constraint"), Constraint)
        env.close()


def test_to_register_again_changes_nothing():
    before = dict(gymnasium.registry)
    register_tasks()
    assert dict(gymnasium.registry) == before
