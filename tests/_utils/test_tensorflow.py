import subprocess
import sys

from fag_tf._utils.tensorflow import import_tensorflow, tensorflow_reason


def test_tensorflow_is_imported_without_a_word_and_without_what_commands_do_not_need():
    code = (
        "import sys; from fag_tf.deployment.runtimes import import_tensorflow; "
        "from fag_tf._utils.tensorflow import keep_keras_small; keep_keras_small(); "
        "import_tensorflow().constant(1) + 1; "
        "print({'sklearn', 'matplotlib', 'pandas', 'IPython'} & set(sys.modules)); "
        "import matplotlib, sklearn"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stderr == ""
    assert done.stdout == "set()\n"  # not loaded with TensorFlow, and there for others afterwards


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
