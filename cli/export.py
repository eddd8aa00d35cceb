"""`fag-tf export`: write a run as SavedModel, ONNX file and card."""

from pathlib import Path

import click

from fag_tf.cli.options import FOLDER, report
from fag_tf.cli.progress import progress

__all__ = ["command"]


@click.command("export")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    type=FOLDER,
    metavar="NAME[/VERSION]",
    help="Name of the saved model. Without a version, the next free number is used.",
)
@click.option(
    "--poses",
    type=click.IntRange(0, 10_000),
    default=8,
    show_default=True,
    help="Number of poses of each test object for the figures in the card; 0 measures nothing.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Seed of the figures in the card.",
)
def command(run: Path, out: Path, poses: int, seed: int) -> None:
    """Export the actor and critic of RUN, a folder that `fag-tf train` made.

    The ONNX file and the SavedModel are loaded again and compared with the trained actor. If they
    disagree, nothing is written to --out.
    """
    from fag_tf.deployment.model_folders import version_directory
    from fag_tf.training.run import open_run

    version_directory(out)  # refuse at once, before TensorFlow is loaded
    opened = open_run(run)
    opened.check_trained()
    from fag_tf._utils.tensorflow import import_tensorflow

    report(
        "measuring, converting and comparing: a minute or more"
        + (" (--poses 0 measures nothing)" if poses else "")
    )
    with progress("loading TensorFlow") as show:
        import_tensorflow()
        from fag_tf.deployment.export_run import export_run

        show.doing("measuring, converting and comparing")
        exported = export_run(opened, out, poses=poses, seed=seed)
    for name, difference in exported.differences.items():
        report(
            f"{name} agrees with the live actor within {difference.action:.1e} half-ranges "
            f"and {difference.feasibility:.1e} in feasibility"
            + (
                ""
                if difference.mean_log_density is None
                else f", and {difference.mean_log_density:.1e} in the mean log density"
            )
            + (
                f", apart from another choice in {difference.jumps:.1%} of the actions"
                if difference.jumps
                else ""
            )
        )
    click.echo(exported.directory)
