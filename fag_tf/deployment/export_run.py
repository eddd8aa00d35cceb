"""Export of a training run as a saved model with its policy, figures and card."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from fag_tf.config.parsing import config_to_dict
from fag_tf.deployment.export import ExportReport, export_model
from fag_tf.deployment.model_card import build_card
from fag_tf.deployment.model_folders import version_directory
from fag_tf.environments import validation as check
from fag_tf.environments.base import Environment
from fag_tf.evaluation.evaluate import evaluate
from fag_tf.spaces import Observation
from fag_tf.training.run import RunFolder

__all__ = ["export_run"]

_SAMPLES = 4096  # of each state, where coverage of the truth is measured
_SAMPLES_OF_A_RATE = 256  # where the feasible rate alone is: it varies more from state to state


def export_run(
    run: RunFolder,
    out: str | os.PathLike[str],
    poses: int = 8,
    num_samples: int | None = None,
    seed: int = 0,
) -> ExportReport:
    """Export the averaged actor and the critic of a run's latest checkpoint.

    Args:
        run: a run that has at least one checkpoint.
        out: path `NAME`, where the next free version is taken, or path `NAME/VERSION`.
        poses: number of poses of each evaluation object for the figures in the card; 0 leaves the
            figures out.
        num_samples: number of samples for each pose. If None, 4096, or 256 if the environment has
            no truth: only the feasible rate is measured then, and each check may be dear.
        seed: seed of the evaluation.

    Raises:
        InputError: `RunFolder.policy` or `export_model` fails. Nothing is left at `out`.
    """
    directory = version_directory(out)  # refuse before the expensive part
    policy, steps, interactions = run.trained_policy()
    environment = run.environment
    figures: dict[str, Any] = {"interactions": interactions, "steps": steps}
    if poses:
        if num_samples is None:
            counted = environment.offers("evaluation_states", "truth")
            num_samples = _SAMPLES if counted else _SAMPLES_OF_A_RATE
        evaluation = evaluate(
            environment, policy, poses=poses, num_samples=num_samples, c2st_poses=0, seed=seed
        )
        figures["evaluation"] = evaluation.to_json()
    card = build_card(
        _name(directory),
        run.config.env,
        environment.action_space,
        environment.observation_spec,
        policy.latent_dim,
        description=f"{run.config.method.capitalize()} and critic of fag_tf for "
        f"{environment.name}.",
        training=json.loads(json.dumps(config_to_dict(run.config))),
        figures=figures,
        details=_details(environment),
        log_density=policy.actor.exact_density,
        any_size=policy.actor.any_size,
    )

    def observe(rng: np.random.Generator, batch: int) -> Observation:
        return check.observe(environment, check.draw_states(environment, rng, batch))

    return export_model(policy, card, directory, observe=observe)


def _details(environment: Environment) -> dict[str, Any] | None:
    what = f"environment {environment.name!r}: card_details"
    if not environment.offers("card_details"):
        return None
    details: dict[str, Any] = check.call_user_code(what, environment.card_details)
    return details


def _name(directory: Path) -> str:
    return directory.resolve().parent.name
