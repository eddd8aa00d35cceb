"""`fag-tf play`: a page in the browser to draw parts on and see their grasps."""

import click

from fag_tf.cli.options import report
from fag_tf.errors import InputError

__all__ = ["command"]


@click.command("play")
@click.argument("model", required=False)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8010,
    show_default=True,
    help="Port of the page; 0 takes a free port.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
def command(model: str | None, port: int, opens: bool) -> None:
    """Serve a page on which you draw parts and see grasps of MODEL (NAME or NAME/VERSION).

    Without MODEL the shipped planar_grasp is used. Draw a part, drop a picture or choose a shape,
    move the sliders of the gripper, and see every grasp. Only this machine can open the page.
    Ctrl-C ends it.
    """
    from fag_tf.deployment.grasp_sampling import GraspModel
    from fag_tf.deployment.sampler import load_model

    try:
        from fag_tf.deployment.playground.server import serve_page
    except ModuleNotFoundError as error:
        raise InputError(
            f"the page needs {error.name}, which is not installed: pip install 'fag-tf[play]'"
        ) from error

    def announce(url: str) -> None:
        report(f"open {url} (Ctrl-C ends it)")
        if opens:
            click.launch(url)

    serve_page(GraspModel(load_model(model)), port, announce)
