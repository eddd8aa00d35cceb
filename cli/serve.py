"""`fag-tf serve`: saved models by the Open Inference Protocol V2, for any client of it."""

import os
from pathlib import Path

import click

from fag_tf.cli.options import report
from fag_tf.errors import InputError

__all__ = ["command"]

PORT = click.IntRange(0, 65535)


@click.command("serve")
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Name or address to listen on; 0.0.0.0 stands for all addresses of this machine.",
)
@click.option(
    "--port", type=PORT, default=8000, show_default=True, help="Port of REST; 0 takes a free port."
)
@click.option(
    "--grpc-port",
    type=PORT,
    default=8001,
    show_default=True,
    help="Port of gRPC; 0 takes a free port.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    help="A file with a token. Clients must then send Authorization: Bearer TOKEN.",
)
@click.option(
    "--max-batch",
    type=click.IntRange(1),
    default=32,
    show_default=True,
    help="Greatest number of states B in a request.",
)
@click.option(
    "--max-samples",
    type=click.IntRange(1),
    default=16_384,
    show_default=True,
    help="Greatest number of actions B x N in an answer.",
)
@click.option(
    "--max-body-mb",
    type=click.IntRange(1, 1024),
    default=32,
    show_default=True,
    help="Greatest size of a request.",
)
@click.option(
    "--max-seconds",
    type=click.FloatRange(0.0, 86_400.0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest time from a request to its answer.",
)
@click.option(
    "--grace",
    type=click.FloatRange(0.0, 86_400.0),
    default=20.0,
    show_default=True,
    metavar="SECONDS",
    help="How long running requests may take after the server is told to stop.",
)
def command(
    models: tuple[str, ...],
    host: str,
    port: int,
    grpc_port: int,
    token_file: Path | None,
    max_batch: int,
    max_samples: int,
    max_body_mb: int,
    max_seconds: float,
    grace: float,
) -> None:
    """Serve each MODEL, a directory NAME or NAME/VERSION, as NAME.

    Without MODEL the shipped planar_grasp is used.

    The server speaks the Open Inference Protocol V2: REST with JSON or binary tensors, and gRPC. A
    request has the model's inputs. Instead of the latent it may have the parameters num_samples and
    seed, and in addition min_feasibility and top_k. Metrics for Prometheus are at /metrics. After
    SIGTERM or Ctrl-C, running requests are answered and the server ends.
    """
    # What gRPC has to say it says by errors; this is read when it is imported.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from fag_tf.deployment.sampler import load_model

    try:
        from fag_tf.deployment.serving.queries import Limits
        from fag_tf.deployment.serving.server import Settings, serve
        from fag_tf.deployment.serving.tokens import read_token
    except ModuleNotFoundError as error:
        raise InputError(
            f"serving needs {error.name}, which is not installed: pip install 'fag-tf[serve]'"
        ) from error

    token = None if token_file is None else read_token(token_file)
    samplers = [load_model(model) for model in models or (None,)]
    limits = Limits(
        max_batch, max_samples, max(65_536, max_samples), max_body_mb << 20, max_seconds
    )
    serve(samplers, Settings(host, port, grpc_port, limits, token, grace), report)
