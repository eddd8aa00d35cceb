"""Packages of the extra `rl`, and one clear line where one is missing."""

import sys
from types import ModuleType

from fag_tf._utils.tensorflow import TENSORBOARD_ALONE
from fag_tf.errors import InputError

__all__ = ["import_gymnasium", "import_mujoco_tasks", "import_stable_baselines"]

_INSTALL = "which is not installed: pip install 'fag-tf[rl]'"


def import_gymnasium() -> ModuleType:
    """The module `gymnasium`.

    Raises:
        InputError: it is not installed.
    """
    try:
        import gymnasium
    except ImportError as error:
        raise InputError(f"fag_tf.rl needs Gymnasium, {_INSTALL}") from error
    return gymnasium


def import_mujoco_tasks() -> ModuleType:
    """The module `gymnasium.envs.mujoco`, with what its environments need.

    Raises:
        InputError: MuJoCo or what draws its pictures is not installed.
    """
    try:
        import mujoco  # noqa: F401
        from gymnasium.envs import mujoco as tasks
        from gymnasium.envs.mujoco import mujoco_env  # noqa: F401
    except ImportError as error:
        raise InputError(f"this task needs MuJoCo ({error}), {_INSTALL}") from error
    return tasks


def import_stable_baselines() -> ModuleType:
    """The module `stable_baselines3`.

    Raises:
        InputError: it is not installed.
    """
    if "tensorflow" not in sys.modules:
        # TensorBoard would load TensorFlow to write curves: seconds.
        sys.modules.setdefault(TENSORBOARD_ALONE, ModuleType("notf"))
    try:
        import stable_baselines3
    except ImportError as error:
        raise InputError(
            "agents are trained by Stable-Baselines3, which is not installed: "
            "pip install 'fag-tf[rl-study]'"
        ) from error
    module: ModuleType = stable_baselines3
    return module
