"""What several tests share: a tiny exported model, and the command line run as users run it."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from fag_tf.deployment.model_card import ModelCard, build_card
from fag_tf.environments.planar_grasp.card import card_details
from fag_tf.spaces import ActionSpace, ArraySpec, Axis

# XLA keeps what it has compiled for all processes of this run: many tests train the same shapes.
if "TF_XLA_FLAGS" not in os.environ:
    COMPILED = tempfile.mkdtemp(prefix="fag_tf-tests-")
    os.environ["TF_XLA_FLAGS"] = f'--tf_xla_persistent_cache_directory="{COMPILED}"'
    atexit.register(shutil.rmtree, COMPILED, ignore_errors=True)

# A busy machine may take any time for an example.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, so that short ones fill both processes at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


GRASPS = ActionSpace(
    [
        Axis("x", -0.15, 0.15, "m"),
        Axis("y", -0.15, 0.15, "m"),
        Axis("theta", 0.0, float(np.pi), "rad", periodic=True),
    ]
)
LATENT_DIM = 4


@pytest.fixture(scope="session")
def stand_in_card() -> ModelCard:
    """The card of the stand-in model."""
    return build_card(
        "stand_in",
        "planar_grasp",
        GRASPS,
        {"image": ArraySpec((128, 128, 1)), "gripper": ArraySpec((6,))},
        LATENT_DIM,
        description="A stand-in for tests.",
        training={"seed": 3, "actor": {"width": 8}},
        details=card_details(),
    )


@pytest.fixture(scope="session")
def stand_in_module():
    """A module with the two functions of an exported actor: grasps near the image's centroid."""
    import tensorflow as tf

    class StandIn(tf.Module):
        def __init__(self):
            super().__init__()
            self.scale = tf.Variable([0.01, 0.01], name="scale")

        @tf.function
        def serving(self, image, gripper, latent):
            weight = image[..., 0]
            pixels = (tf.range(128, dtype=tf.float32) + 0.5) * (0.30 / 128) - 0.15
            total = tf.reduce_sum(weight, [1, 2]) + 1e-6
            x = tf.reduce_sum(weight * pixels, [1, 2]) / total
            y = tf.reduce_sum(weight * -pixels[:, None], [1, 2]) / total
            centre = tf.stack([x, y], -1)[:, None] + self.scale * latent[..., :2]
            theta = tf.math.floormod(latent[..., 2:3] * 4.0, np.float32(np.pi))
            logit = 4.0 * latent[..., 3] + 10.0 * (gripper[:, :1] - 0.085)
            return {
                "action": tf.concat([centre, theta], -1),
                "feasibility": tf.sigmoid(logit),
            }

        @tf.function
        def sample(self, image, gripper, num_samples, seed):
            shape = tf.stack([tf.shape(image)[0], num_samples, LATENT_DIM])
            latent = tf.random.stateless_uniform(shape, seed, -1.0, 1.0)
            return self.serving(image=image, gripper=gripper, latent=latent)

    return StandIn()


@pytest.fixture(scope="session")
def stand_in_model(stand_in_module, stand_in_card, tmp_path_factory) -> Path:
    """Directory `NAME` that holds the stand-in model as version 1."""
    from fag_tf.deployment.export import export_model

    folder = tmp_path_factory.mktemp("models") / "stand_in"
    export_model(stand_in_module, stand_in_card, folder)
    return folder


@pytest.fixture(scope="session")
def dense_card() -> ModelCard:
    """The card of the stand-in model with a log density."""
    return build_card(
        "dense",
        "planar_grasp",
        GRASPS,
        {"image": ArraySpec((128, 128, 1)), "gripper": ArraySpec((6,))},
        LATENT_DIM,
        details=card_details(),
        log_density=True,
    )


@pytest.fixture(scope="session")
def dense_module(stand_in_module):
    """The stand-in with a log density, which is 2 - 100 x, x the grasp's first number."""
    import tensorflow as tf

    def dense(outputs):
        return {**outputs, "log_density": 2.0 - 100.0 * outputs["action"][..., 0]}

    class Dense(tf.Module):
        def __init__(self):
            super().__init__()
            self.inner = stand_in_module

        @tf.function
        def serving(self, **inputs):
            return dense(self.inner.serving(**inputs))

        @tf.function
        def sample(self, image, gripper, num_samples, seed):
            return dense(
                self.inner.sample(image=image, gripper=gripper, num_samples=num_samples, seed=seed)
            )

    return Dense()


@pytest.fixture(scope="session")
def dense_model(dense_module, dense_card, tmp_path_factory) -> Path:
    """Directory `NAME` that holds, as version 1, a stand-in with a log density."""
    from fag_tf.deployment.export import export_model

    folder = tmp_path_factory.mktemp("models") / "dense"
    export_model(dense_module, dense_card, folder)
    return folder


@pytest.fixture
def observation() -> dict[str, np.ndarray]:
    """A square block right of the centre and the default gripper, B = 1."""
    image = np.zeros((1, 128, 128, 1), np.float32)
    image[0, 54:74, 74:94, 0] = 1.0
    gripper = np.array([[0.085, 0.022, 0.0135, 0.5, 0.001, 0.030]], np.float32)
    return {"image": image, "gripper": gripper}


@pytest.fixture
def fag_tf_command(tmp_path):
    """Run `fag-tf ARGUMENTS` in a process of its own, in an empty folder."""

    def run(*arguments: object, cwd: Path = tmp_path, **options) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "fag_tf.cli.main", *map(str, arguments)]
        environment = {**os.environ, "COLUMNS": "120", "CUDA_VISIBLE_DEVICES": "-1"}
        return subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            **options,
        )

    return run
