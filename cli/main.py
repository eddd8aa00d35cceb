"""`fag-tf`: the group of commands, each loaded when it is called, and how any of them fails."""

import contextlib
import importlib
import io
import os
import signal
import sys
from collections.abc import Sequence

import click

import fag_tf
from fag_tf._utils.tensorflow import keep_keras_small
from fag_tf.cli.options import report
from fag_tf.errors import InputError

__all__ = ["cli", "main"]

COMMANDS = {
    "benchmark": "Measure the speed of this machine.",
    "check": "Check given grasps by the exact rules.",
    "evaluate": "Measure a model or a run against the exact truth.",
    "export": "Export a run as SavedModel, ONNX file and card.",
    "info": "Show a model's card.",
    "play": "Serve a page to draw parts on and see their grasps.",
    "rl": "Train an agent in a Gymnasium environment under a constraint.",
    "sample": "Draw grasps of an object in a picture or file.",
    "serve": "Serve models by the Open Inference Protocol, with REST and gRPC.",
    "study": "Run a study of many trainings, and summarise it.",
    "train": "Train an actor and a critic.",
}
"""Name and one line of every command: the help need not load them."""


class LazyGroup(click.Group):
    """A group whose commands are modules of this package, imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of that name and give its `command`."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"fag_tf.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands into the help without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(fag_tf.__version__, package_name="fag-tf")
def cli() -> None:
    """Feasible action generation: draw every feasible action of a state, evenly.

    Help on one command: fag-tf COMMAND --help.
    """


def _fail(message: str) -> int:
    report(f"Error: {' '.join(message.split())}")
    return 2


def _prepare_streams() -> None:
    """Let the standard streams take any text, and give closed ones a place to go."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without the letters of a name


def _leave_closed_pipe() -> int:
    # Python would write what is left into the closed pipe once more while it exits.
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + signal.SIGPIPE


def _is_out_of_memory(error: Exception) -> bool:
    # TensorFlow's own kind, which cannot be named without importing it.
    return isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the process's exit code.

    Whatever a user can get wrong ends in one line on the standard error and code 2.
    """
    _prepare_streams()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # no notes on missing GPUs
    os.environ["MPLBACKEND"] = "agg"  # figures are only saved, whatever a notebook sets here
    if "" not in sys.path:
        sys.path.append("")  # a module of one's own for --env lies in the current directory
    try:
        code = cli.main(arguments, prog_name="fag-tf", standalone_mode=False)
        sys.stdout.flush()
    except InputError as error:
        return _fail(str(error))
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        return _fail(error.format_message())
    except (KeyboardInterrupt, click.Abort):
        report("Interrupted")
        return 128 + signal.SIGINT
    except (BrokenPipeError, SystemExit):  # click leaves this way when a pipe is closed
        return _leave_closed_pipe()
    except OSError as error:
        if error.filename is not None:
            return _fail(f"{error.filename}: {error.strerror}")
        _leave_closed_pipe()
        return _fail(f"cannot write the output: {error.strerror or error}")
    except Exception as error:
        if not _is_out_of_memory(error):
            raise
        return _fail("not enough memory; ask for fewer samples or states, or smaller networks")
    return code if isinstance(code, int) else 0


def main() -> None:
    """Entry point of the `fag-tf` script."""
    keep_keras_small()
    sys.exit(run())


if __name__ == "__main__":
    main()
