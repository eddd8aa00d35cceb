"""`fag-tf study physics` and `physics_tuning`: runs of their own kind, and their tables."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fag_tf.cli.options import report
from fag_tf.cli.progress import progress
from fag_tf.cli.study_files import write_results

if TYPE_CHECKING:
    from fag_tf.experiments.studies.physics import PhysicsStudy

__all__ = ["list_physics_studies", "run_physics_study"]

_QUICK_SEEDS = 1


def list_physics_studies() -> None:
    """Print what each study asks and what it costs."""
    from fag_tf.experiments.studies.physics import PHYSICS_STUDIES

    for name, study in sorted(PHYSICS_STUDIES.items()):
        runs = len(study.runs(study.seeds, False))
        click.echo(f"{name}: {study.question}")
        click.echo(
            f"  {runs} runs ({runs // study.seeds} x {study.seeds} seeds), {study.trainings}"
        )


def run_physics_study(
    study: "PhysicsStudy", out: Path | None, quick: bool, seeds: int | None
) -> None:
    """Run what is left of a study, write its tables and print them.

    Raises:
        InputError: MuJoCo is not installed, or the folder cannot be written.
    """
    from fag_tf.environments.planar_grasp.physics.jaw_model import import_mujoco
    from fag_tf.experiments.studies.folder import StudyFolder
    from fag_tf.experiments.studies.physics import CaseRun, tabulate

    import_mujoco()
    folder = StudyFolder(out if out is not None else Path("studies") / study.name)
    runs = study.runs(seeds or (_QUICK_SEEDS if quick else study.seeds), quick)
    missing = folder.missing(runs)
    if missing:
        done = len(runs) - len(missing)
        with progress("beginning", len(runs), done) as show:

            def execute(rest: Sequence[CaseRun]) -> Iterator[tuple[CaseRun, dict[str, Any]]]:
                for run in rest:
                    show.doing(f"run {done + 1}/{len(runs)} · {run.case}")
                    yield run, study.execute(run)

            def shown(run: CaseRun, result: dict[str, Any]) -> None:
                nonlocal done
                done += 1
                seconds = sum(result["seconds"].values())
                show.advance(done, f"run {done}/{len(runs)} · {run.case} · {seconds:.1f} s")

            folder.do(runs, execute, shown)
    results = [result for run in runs if (result := folder.result(run)) is not None]
    table = tabulate(study, results)
    written = write_results(table, folder.directory)
    click.echo(table.to_markdown().rstrip("\n"))
    report(f"written to {folder.directory}: {', '.join(written)}")
