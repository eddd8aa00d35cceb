import subprocess
import sys

import pytest

from fag_tf._utils.tensorflow import import_tensorflow, tensorflow_reason

IMPORTED = """
import sys
from fag_tf._utils.tensorflow import import_tensorflow, keep_keras_small
if sys.argv[1:]:
    keep_keras_small()
import_tensorflow().constant(1) + 1
print(*sorted({"matplotlib", "sklearn"} & set(sys.modules)))
import matplotlib, sklearn
"""


@pytest.mark.parametrize("alone", [[], ["alone"]], ids=["library", "command"])
def test_tensorflow_is_imported_without_a_word(alone):
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *alone],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stderr == ""
    # What commands do not need is not loaded with it, and can be afterwards.
    assert done.stdout.split() == ([] if alone else ["matplotlib", "sklearn"])


def test_standard_error_is_back_after_the_import(capfd):
    assert import_tensorflow().__name__ == "tensorflow"
    print("here", file=sys.stderr)
    assert "here" in capfd.readouterr().err


def test_the_cause_of_a_failure_of_tensorflows_is_told_without_the_operation():
    error = OSError(
        "{{function_node __wrapped__SaveV2_device_/device:CPU:0}} /tmp/a/weights.tempstate1; "
        "No space left on device [Op:SaveV2]\nmore"
    )
    assert tensorflow_reason(error) == "No space left on device"
    assert tensorflow_reason(KeyError()) == "KeyError"
