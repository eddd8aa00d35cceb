"""What `fag-tf sample` does before it draws: a new process must not load what it does not need."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from fag_tf.deployment.model_folders import shipped_model

# What takes a millisecond or more to load, unless the packages that are needed load it themselves.
UNNEEDED = (
    *("tensorflow", "scipy", "matplotlib", "rich", "onnx", "contourpy", "pyarrow"),
    *("importlib.metadata", "importlib.resources", "shutil", "tomllib"),
)
PICTURES_ALONE = ("PIL", "logging")


def in_a_new_process(code, *arguments, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={key: text for key, text in {**os.environ, **environment}.items() if text is not None},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def sources(tmp_path):
    """What to grasp, by kind: the options that name it."""
    outline, picture = tmp_path / "bar.wkt", tmp_path / "bar.png"
    outline.write_text("POLYGON ((-0.05 0, 0.05 0, 0.05 0.02, -0.05 0.02, -0.05 0))")
    grey = np.full((128, 128), 255, np.uint8)
    grey[50:70, 40:90] = 0
    Image.fromarray(grey).save(picture)
    return {
        "named part": ("--object", "hammer"),
        "outline": ("--object", outline),
        "picture": ("--image", picture),
    }


@pytest.mark.parametrize(
    ("kind", "unneeded"),
    [
        ("named part", UNNEEDED + PICTURES_ALONE),
        ("outline", UNNEEDED + PICTURES_ALONE),
        # The width at contact is that of an outline, which is traced in a picture.
        ("picture", tuple(name for name in UNNEEDED if name != "contourpy")),
    ],
)
def test_printing_grasps_loads_nothing_that_only_other_uses_need(kind, unneeded, sources):
    """With the shipped model, which needs no fill by the exact rules."""
    code = (
        "import sys, click, lazy_loader, numpy.random, onnxruntime, shapely;"
        "needed = set(sys.modules); from fag_tf.cli.main import run; code = run(sys.argv[1:]);"
        "loaded = sys.modules.keys() - needed;"
        f"found = [name for name in {unneeded} if name in loaded];"
        "sys.exit(code or ', '.join(found) or 0)"
    )
    arguments = ("sample", shipped_model(), *sources[kind], "-n", 256, "--seed", 0)
    assert len(in_a_new_process(code, *arguments)) == 257


@pytest.mark.parametrize(("given", "kept"), [(None, "1"), ("3", "3")])
def test_numpy_is_loaded_with_one_thread_unless_the_user_says_more(given, kept, stand_in_model):
    code = (
        "import os, sys; from fag_tf.cli.main import run; assert 'numpy' not in sys.modules;"
        "code = run(sys.argv[1:]); print(os.environ['OPENBLAS_NUM_THREADS']); sys.exit(code)"
    )
    arguments = ("sample", stand_in_model, "--object", "H", "-n", 1)
    assert in_a_new_process(code, *arguments, OPENBLAS_NUM_THREADS=given)[-1] == kept
