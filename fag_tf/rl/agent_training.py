"""The training of an agent in its folder, for whoever has Stable-Baselines3."""

from collections.abc import Callable

from fag_tf._utils.files import alone
from fag_tf.rl.agent_run import CONFIG_FILE, AgentRun, Row
from fag_tf.rl.extras import import_stable_baselines

__all__ = ["train_agent"]


def train_agent(
    run: AgentRun,
    report: Callable[[Row], None] = lambda _: None,
    moved: Callable[[int], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> int:
    """Train to the end, or until `stop`; evaluate, log and save on the way.

    Args:
        run: the run, which goes on where its checkpoint is.
        report: called with each row of the log.
        moved: called with the number of environment steps after each of them.
        stop: asked after each step.

    Returns:
        The number of environment steps done.

    Raises:
        InputError: Stable-Baselines3 is missing, the environment cannot be made, the checkpoint is
            damaged, the folder cannot be written, or another process trains this run.
    """
    import_stable_baselines()
    from fag_tf.rl.stable_baselines.training import train

    with alone(run.directory / CONFIG_FILE, "trained"):
        return train(run, report, moved, stop)
