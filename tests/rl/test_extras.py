import subprocess
import sys

import pytest

WITHOUT = """
import sys
for name in {missing!r}:
    sys.modules[name] = None
from fag_tf.errors import InputError
try:
    {what}
except InputError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("missing", "what", "line"),
    [
        (
            ["gymnasium"],
            "import fag_tf.rl",
            "fag_tf.rl needs Gymnasium, which is not installed: pip install 'fag-tf[rl]'",
        ),
        (
            ["mujoco"],
            "import gymnasium, fag_tf.rl\n"
            "    env = gymnasium.make('fag_tf/SplinePath-v0')\n"
            "    env.reset(seed=0)\n"
            "    gymnasium.make('fag_tf/HopperConstrained-v0')",
            "this task needs MuJoCo (import of mujoco halted; None in sys.modules), which is not "
            "installed: pip install 'fag-tf[rl]'",
        ),
    ],
)
def test_what_is_missing_is_said_in_one_line(missing, what, line):
    script = WITHOUT.format(missing=missing, what=what)
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.stdout.strip() == line, result.stderr


TRAINED_AFTER = """
import contextlib, sys
from fag_tf.errors import InputError
from fag_tf.rl.extras import import_stable_baselines
with contextlib.suppress(InputError):
    import_stable_baselines()
assert "tensorflow" not in sys.modules
from fag_tf._utils.tensorflow import import_tensorflow
tf = import_tensorflow()
with tf.summary.create_file_writer(sys.argv[1]).as_default():
    tf.summary.scalar("rate", 0.5, step=1)
"""


@pytest.mark.slow
def test_a_model_is_trained_with_curves_after_agents_were(tmp_path):
    command = [sys.executable, "-c", TRAINED_AFTER, tmp_path / "curves"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert list((tmp_path / "curves").iterdir())
