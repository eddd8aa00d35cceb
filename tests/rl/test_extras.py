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
