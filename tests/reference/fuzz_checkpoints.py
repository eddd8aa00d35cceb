"""A tiny run whose checkpoint's files are fuzzed one at a time."""

import functools
import shutil
import tempfile
from pathlib import Path

from reference.tiny_runs import tiny_config


@functools.cache
def _run():
    from fag_tf._utils.tensorflow import import_tensorflow
    from fag_tf.training.run import create_run

    import_tensorflow().config.run_functions_eagerly(True)
    folder = Path(tempfile.mkdtemp(prefix="fuzz-run-")) / "run"
    run = create_run(folder, tiny_config())
    run.train(run.trainer())
    return run


@functools.cache
def _trainer():
    return _run().trainer()


def checkpoint() -> Path:
    """The run's last checkpoint."""
    return _run()._latest()


def restore(path: Path) -> None:
    """Restore the trainer from the checkpoint with one file in another's place."""
    from fag_tf.training.checkpoints import restore_checkpoint

    folder = checkpoint()
    with tempfile.TemporaryDirectory(prefix="fuzz-checkpoint-") as name:
        copy = Path(name) / folder.name
        shutil.copytree(folder, copy)
        shutil.copy(path, copy / path.name)
        restore_checkpoint(_trainer(), copy)
