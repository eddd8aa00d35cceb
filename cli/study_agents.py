"""`fag-tf study action_mapping`: agents by several methods, their table and curves."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fag_tf.cli.options import report
from fag_tf.cli.progress import progress
from fag_tf.cli.study_files import stem_of, write_results
from fag_tf.errors import InputError

if TYPE_CHECKING:
    from fag_tf.experiments.studies.action_mapping import AgentStudyRun

__all__ = ["AGENT_STUDY", "list_agent_study", "run_agent_study"]

AGENT_STUDY = "action_mapping"
_SEEDS, _QUICK_SEEDS = 3, 1


def list_agent_study() -> None:
    """Print what the study asks and what it costs."""
    from fag_tf.experiments.studies.action_mapping import AGENT, QUESTION, agent_runs

    runs = len(agent_runs(_SEEDS))
    click.echo(f"{AGENT_STUDY}: {QUESTION}")
    click.echo(
        f"  {runs} runs ({runs // _SEEDS} x {_SEEDS} seeds) of {AGENT['steps']:,} environment "
        "steps; --set steps=N for others"
    )


def run_agent_study(
    out: Path | None,
    quick: bool,
    seeds: int | None,
    tasks: tuple[str, ...],
    methods: tuple[str, ...],
    settings: tuple[str, ...],
) -> None:
    """Run what is left of the study, write its tables and curves, and print them.

    Raises:
        InputError: Gymnasium or Stable-Baselines3 is missing, or an option is wrong.
    """
    from fag_tf.experiments.studies.action_mapping import agent_runs, execute_agent
    from fag_tf.experiments.studies.agent_tables import tabulate_agents
    from fag_tf.experiments.studies.folder import StudyFolder
    from fag_tf.rl.extras import import_stable_baselines
    from fag_tf.rl.methods import make_env

    count = seeds or (_QUICK_SEEDS if quick else _SEEDS)
    runs = agent_runs(count, quick, tasks, methods, settings)
    folder = StudyFolder(out if out is not None else Path("studies") / AGENT_STUDY)
    missing = folder.missing(runs)
    if missing:
        for task in dict.fromkeys(run.task for run in missing):
            make_env(task).close()
        done = len(runs) - len(missing)
        with progress("loading PyTorch", len(runs), done) as show:
            import_stable_baselines()

            def execute(
                rest: "Sequence[AgentStudyRun]",
            ) -> "Iterator[tuple[AgentStudyRun, dict[str, Any]]]":
                for run in rest:
                    name = f"run {done + 1}/{len(runs)} · {_name(run)}"
                    show.doing(name)

                    def moved(steps: int, name: str = name) -> None:
                        show.advance(done, f"{name} · step {steps:,}")

                    yield run, execute_agent(run, folder, moved)

            def shown(run: "AgentStudyRun", result: dict[str, Any]) -> None:
                nonlocal done
                done += 1
                seconds = sum(result["seconds"].values())
                gained = result["figures"]["return"]
                text = f"run {done}/{len(runs)} · {_name(run)} · return {gained:.2f}"
                show.advance(done, f"{text} · {seconds:.0f} s", always=True)

            folder.do(runs, execute, shown)
    results = [result for run in runs if (result := folder.result(run)) is not None]
    if not results:
        raise InputError("no run of the study has ended yet")
    table = tabulate_agents(results)
    pictures = ((stem_of(task), table.figure(task)) for task in table.cells)
    written = write_results(table, folder.directory, pictures)
    click.echo(table.to_markdown().rstrip("\n"))
    report(f"written to {folder.directory}: {', '.join(written)}")


def _name(run: "AgentStudyRun") -> str:
    return f"{run.task} · {run.method} · seed {run.seed}"
