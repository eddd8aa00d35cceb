"""What the shipped model gains from fine-tuning on verdicts of a physics simulation.

Every case is measured by the simulation, on parts that no training has seen. A control is tuned in
the same way with as many labels of the exact rules.
"""

import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.config.parsing import apply_settings, config_from_dict
from fag_tf.deployment.finetuning import finetuning_values, load_weights
from fag_tf.deployment.model_folders import shipped_model
from fag_tf.deployment.sampler import load_model
from fag_tf.environments.base import Environment, SampleFn
from fag_tf.environments.planar_grasp.feasibility.exact_sampling import draw_near
from fag_tf.environments.planar_grasp.feasibility.rules import feasibility
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER
from fag_tf.environments.planar_grasp.images.rendering import place
from fag_tf.environments.planar_grasp.parts.named import TEST_PARTS
from fag_tf.environments.planar_grasp.parts.objects import read_object
from fag_tf.environments.planar_grasp.states import GraspState, draw_pose
from fag_tf.environments.planar_grasp.workspace import centred
from fag_tf.environments.registry import make_environment

__all__ = ["SETTINGS", "TuningRun", "execute_tuning", "tuning_runs"]

FORMAT = 1
"""Part of the key of every run; increase it when the meaning of runs changes."""

SETTINGS = (
    "collect.states=8",
    "collect.initial_states=384",
    "collect.every=4",
    "trainer.steps=200",
    "critic.warmup_steps=50",
)
"""Settings of `fag-tf train --finetune` that ask for 19,968 labels."""

_QUICK = (
    "collect.states=2",
    "collect.initial_states=4",
    "trainer.steps=2",
    "critic.warmup_steps=1",
    "trainer.batch=2",
)

_LEVER = {"lever_force": True}
# Environment of the training (None: no training), its options, and those of the measurement.
_CASES: Mapping[str, tuple[str | None, dict[str, Any], dict[str, Any]]] = {
    "shipped": (None, {}, {}),
    "tuned on physics": ("planar_grasp_physics", {}, {}),
    "tuned on the rules": ("planar_grasp", {}, {}),
    "shipped, force by max_lever": (None, {}, _LEVER),
    "tuned on physics, force by max_lever": ("planar_grasp_physics", _LEVER, _LEVER),
}
_QUICK_CASES = ("shipped", "tuned on physics")

_UNSEEN = (*TEST_PARTS, *(f"random:{number}" for number in range(9001, 9004)))
# Draws of the truth to be covered, and as many others whose coverage counts as perfect.
_DRAWS, _TRIES = 96, 400
_SAMPLES = 128
# A draw is covered by a feasible sample that is no further off than this, m and rad.
_NEAR = np.array([0.008, 0.008, np.radians(10.0)])


@dataclass(frozen=True)
class TuningRun:
    """One case with one seed.

    Attributes:
        case: name of the case.
        settings: settings of the fine-tuning, in the form of `--set`.
        parts: parts that are measured on.
        seed: of the training, the poses and the samples.
    """

    case: str
    settings: tuple[str, ...]
    parts: tuple[str, ...]
    seed: int

    @property
    def key(self) -> str:
        """A readable file name that differs for different runs."""
        content = json.dumps({**asdict(self), "format": FORMAT}, sort_keys=True)
        digest = hashlib.sha256(content.encode()).hexdigest()[:10]
        return f"{re.sub(r'[^A-Za-z0-9.]+', '-', f'{self.case} {self.seed}')}-{digest}"


def tuning_runs(seeds: int, quick: bool) -> list[TuningRun]:
    """All runs of the study, ordered by seed; the quick form trains a few steps."""
    cases = _QUICK_CASES if quick else tuple(_CASES)
    settings, parts = ((*SETTINGS, *_QUICK), _UNSEEN[:1]) if quick else (SETTINGS, _UNSEEN)
    return [TuningRun(case, settings, parts, seed) for seed in range(seeds) for case in cases]


def execute_tuning(run: TuningRun) -> dict[str, Any]:
    """Tune and measure.

    Returns:
        Plain values: the run, `figures` with the means over parts, `parts` with the figures of each
        part, and `seconds`. `rate` is the share of raw samples that hold in simulation,
        `rules_rate` the share that the exact rules accept, `kept` the share that the critic
        believes in, `kept_rate` the share of those that hold, `critic_accuracy` the share of
        samples of which the critic is right, and `coverage` the share of the feasible set near a
        feasible sample, over the share near one of `_DRAWS` perfect samples.
    """
    started = time.perf_counter()
    trained, training_options, options = _CASES[run.case]
    checks = 0
    model = shipped_model()
    if trained is None:
        sampler: SampleFn = load_model(model)
    else:
        sampler, checks = _tuned(str(model), trained, training_options, run)
    tuned = time.perf_counter()
    environment = make_environment("planar_grasp_physics", options)
    rows = {name: _measure(environment, sampler, name, run.seed) for name in run.parts}
    names = list(next(iter(rows.values())))
    figures = {name: float(np.nanmean([row[name] for row in rows.values()])) for name in names}
    now = time.perf_counter()
    return {
        "run": asdict(run),
        "case": run.case,
        "figures": {**figures, "checks": float(checks)},
        "parts": {part: _plain(row) for part, row in rows.items()},
        "seconds": {"fit": tuned - started, "evaluate": now - tuned},
    }


def _plain(row: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if np.isnan(value) else value for name, value in row.items()}


def _tuned(model: str, env: str, options: dict[str, Any], run: TuningRun) -> tuple[SampleFn, int]:
    """The policy after fine-tuning, as `fag-tf train --finetune` does it, and its labels."""
    from fag_tf._utils.tensorflow import import_tensorflow

    import_tensorflow()
    from fag_tf.networks.policy import Policy
    from fag_tf.training.build import build_trainer

    values = apply_settings(finetuning_values(model, env), run.settings)
    config = config_from_dict({**values, "env_options": options, "seed": run.seed})
    trainer = build_trainer(config, make_environment(env, options))
    load_weights(trainer.learner, model)
    trainer.run()
    learner = trainer.learner
    policy = Policy.configured(learner.averaged_actor, learner.averaged_critic, config.policy)
    return policy, trainer.interactions


def _measure(environment: Environment, sampler: SampleFn, part: str, seed: int) -> dict[str, float]:
    state, draws = _truth(environment, part, seed)
    actions, probability = sampler(environment.observe([state]), _SAMPLES, seed)
    held = environment.feasibility([state], actions)[0]
    assert probability is not None
    kept = probability[0] >= 0.5
    covered, perfect = (
        _covered(draws[:_DRAWS], chosen) for chosen in (actions[0][held], draws[_DRAWS:])
    )
    return {
        "rate": float(held.mean()),
        "rules_rate": float(feasibility(state.part, state.gripper, actions[0], state.pose).mean()),
        "kept": float(kept.mean()),
        "kept_rate": float(held[kept].mean()) if kept.any() else np.nan,
        "critic_accuracy": float((held == kept).mean()),
        "coverage": covered / perfect if perfect > 0.0 else np.nan,
    }


_TRUTHS: dict[tuple[Any, ...], tuple[GraspState, NDArray[np.float64]]] = {}


def _truth(
    environment: Environment, part: str, seed: int
) -> tuple[GraspState, NDArray[np.float64]]:
    """A state with the part, and uniform draws from what holds in it, for all cases of a seed."""
    key = (environment.constructed_with[1].get("lever_force"), part, seed)
    if key not in _TRUTHS:
        rng = np.random.default_rng([seed, *part.encode()])
        polygon = centred(read_object(part)[1])
        state = GraspState(polygon, part, draw_pose(rng, polygon), DEFAULT_GRIPPER)
        placed = place(polygon, state.pose)
        found = [np.empty((0, 3))]
        while sum(map(len, found)) < 2 * _DRAWS:
            drawn, _ = draw_near(placed, state.gripper, _TRIES, rng, any_lever=True)
            found.append(drawn[environment.feasibility([state], drawn[None])[0]])
        _TRUTHS[key] = state, np.concatenate(found)[: 2 * _DRAWS]
    return _TRUTHS[key]


def _covered(draws: NDArray[np.float64], samples: NDArray[Any]) -> float:
    """Share of draws with a sample near, the closing direction with period pi."""
    if not len(samples):
        return 0.0
    apart = np.abs(draws[:, None] - samples[None])
    apart[..., 2] = np.minimum(apart[..., 2] % np.pi, -apart[..., 2] % np.pi)
    return float((apart <= _NEAR).all(axis=2).any(axis=1).mean())
