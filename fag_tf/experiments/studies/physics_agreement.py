"""Do the exact rules and a physics simulation agree? No training: grasps of many parts are checked.

One run is one part, with a jaw, a friction and a way of choosing the closing force. Grasps that the
jaw reaches (rules 1 to 3) are drawn uniformly, and sorted by the rules: accepted, near misses, and
refused. A near miss is an accepted grasp moved by a few millimetres and degrees until the rules
refuse it. Each group is simulated.
"""

import hashlib
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.feasibility.exact_sampling import draw_near
from fag_tf.environments.planar_grasp.feasibility.rules import first_broken_rule
from fag_tf.environments.planar_grasp.gripper import Gripper, parse_gripper
from fag_tf.environments.planar_grasp.parts.objects import read_object
from fag_tf.environments.planar_grasp.physics.checks import (
    LAST_OUTLINE_RULE,
    GraspChecks,
    PartGrasps,
)
from fag_tf.environments.planar_grasp.physics.settings import PhysicsSettings
from fag_tf.environments.planar_grasp.workspace import ACTION_SPACE

__all__ = ["GROUPS", "AgreementRun", "agreement_runs", "execute_agreement"]

GROUPS = ("accepted", "near miss", "refused")
"""What the rules say of a grasp that the jaw reaches."""

FORMAT = 1
"""Part of the key of every run; increase it when the meaning of runs changes."""

_NAMED = ("H", "8", "Spoon", "T", "C", "L", "X", "hammer", "O")
_RANDOM = 3
_GRIPPERS = ("robotiq_2f85", "franka_hand", "onrobot_2fg7")
_FRICTIONS = (0.3, 0.5, 0.9)
_FORCES = ("40 N", "by max_lever")
_TRIES = 30_000
# Standard deviations of the moves to a near miss, m and rad.
_MOVE = (0.002, 0.002, np.radians(3.0))
_MOVES = 20


@dataclass(frozen=True)
class AgreementRun:
    """One part, and how it is grasped.

    Attributes:
        part: name of the part.
        gripper: name of the jaw, whose friction `friction` replaces.
        friction: coefficient of friction.
        force: `40 N`, or `by max_lever` for `PhysicsSettings.lever_force`.
        grasps: greatest number of grasps of each group.
        seed: draws the grasps.
    """

    part: str
    gripper: str
    friction: float
    force: str
    grasps: int
    seed: int

    @property
    def case(self) -> str:
        """The row of the table that this run belongs to."""
        return f"{self.gripper}, friction {self.friction:g}, {self.force}"

    @property
    def key(self) -> str:
        """A readable file name that differs for different runs."""
        content = json.dumps({**asdict(self), "format": FORMAT}, sort_keys=True)
        digest = hashlib.sha256(content.encode()).hexdigest()[:10]
        return f"{re.sub(r'[^A-Za-z0-9.]+', '-', f'{self.case} {self.part} {self.seed}')}-{digest}"


def agreement_runs(seeds: int, quick: bool) -> list[AgreementRun]:
    """All runs of the study, ordered by seed; the quick form has few parts and one jaw."""
    parts: Sequence[str] = [*_NAMED, *(f"random:{number}" for number in range(_RANDOM))]
    jaws = [(gripper, friction) for gripper in _GRIPPERS for friction in _FRICTIONS]
    grasps = 24
    if quick:
        parts, jaws, grasps = ("T", "hammer"), [(_GRIPPERS[0], 0.5)], 6
    return [
        AgreementRun(part, gripper, friction, force, grasps, seed)
        for seed in range(seeds)
        for part in parts
        for gripper, friction in jaws
        for force in _FORCES
    ]


def execute_agreement(run: AgreementRun) -> dict[str, Any]:
    """Check the grasps of one run.

    Returns:
        Plain values: the run; `figures`, the share of each group that holds in simulation (a group
        of fewer than two grasps is left out), `covered`, the estimated share of what holds in
        simulation that the rules accept, `closing_turn`, the median angle in degrees by which the
        closing pads turn the part in refused grasps that hold, and `milliseconds` of a check;
        `counts`, of each group
        how many grasps hold and how many were checked; `rules`, the same of refused grasps by the
        number of the rule that is broken first.
    """
    started = time.perf_counter()
    rng = np.random.default_rng([run.seed, *run.part.encode()])
    part = read_object(run.part)[1]
    gripper = replace(parse_gripper(run.gripper), friction=run.friction)
    settings = PhysicsSettings(lever_force=run.force != "40 N")
    groups, shares = _draw_groups(part, gripper, run.grasps, rng)
    checks = GraspChecks(settings)
    held: dict[str, NDArray[np.bool_]] = {}
    turned: list[float] = []
    before = time.perf_counter()
    for name, (actions, _) in groups.items():
        (outcomes,) = checks.outcomes([PartGrasps(part, gripper, actions)])
        held[name] = np.array([outcome.holds for outcome in outcomes], bool)
        if name == "refused":
            turned = [each.closing_turn for each in outcomes if each.holds]
    simulated = time.perf_counter() - before
    total = sum(map(len, held.values()))
    figures = {name: float(np.mean(held[name])) for name in GROUPS if len(held[name]) > 1}
    if {"accepted", "refused"} <= figures.keys():
        both = [shares[name] * figures[name] for name in ("accepted", "refused")]
        if sum(both) > 0.0:
            figures["covered"] = float(both[0] / sum(both))
    if turned:
        figures["closing_turn"] = float(np.median(turned))
    if total:
        figures["milliseconds"] = 1e3 * simulated / total
    return {
        "run": asdict(run),
        "case": run.case,
        "figures": figures,
        "counts": {name: [int(label.sum()), len(label)] for name, label in held.items()},
        "rules": _by_rule(groups, held),
        "seconds": {"fit": 0.0, "evaluate": time.perf_counter() - started},
    }


_Groups = Mapping[str, tuple[NDArray[np.float64], NDArray[np.int8]]]


def _draw_groups(
    part: shapely.Polygon, gripper: Gripper, count: int, rng: np.random.Generator
) -> tuple[_Groups, dict[str, float]]:
    """Up to `count` grasps of each group, the rules they break, and shares of what is reached."""
    drawn, _ = draw_near(part, gripper, _TRIES, rng, any_lever=True)
    broken = first_broken_rule(part, gripper, drawn)
    accepted, refused = broken == 0, broken > LAST_OUTLINE_RULE
    reached = max(1, int((accepted | refused).sum()))
    shares = {"accepted": accepted.sum() / reached, "refused": refused.sum() / reached}
    missed, rules = _near_misses(part, gripper, drawn[accepted], count, rng)
    groups = {
        "accepted": (drawn[accepted][:count].astype(np.float64), broken[accepted][:count]),
        "near miss": (missed, rules),
        "refused": (drawn[refused][:count].astype(np.float64), broken[refused][:count]),
    }
    return groups, shares


def _near_misses(
    part: shapely.Polygon,
    gripper: Gripper,
    accepted: NDArray[np.float32],
    count: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """The first move of each accepted grasp that breaks rule 4, 5 or 6, and the rule."""
    starts = accepted[:count].astype(np.float64)
    moves = rng.standard_normal((_MOVES, len(starts), 3)) * _MOVE
    moved = ACTION_SPACE.wrap((starts + moves).astype(np.float32)).astype(np.float64)
    broken = first_broken_rule(part, gripper, moved.reshape(-1, 3)).reshape(_MOVES, -1)
    misses = broken > LAST_OUTLINE_RULE
    first, some = np.argmax(misses, axis=0), misses.any(axis=0)
    which = np.arange(len(starts))
    return moved[first, which][some], broken[first, which][some]


def _by_rule(
    groups: _Groups, held: Mapping[str, NDArray[np.bool_]]
) -> dict[str, dict[str, list[int]]]:
    found: dict[str, dict[str, list[int]]] = {}
    for name in GROUPS[1:]:
        rules = groups[name][1]
        found[name] = {
            str(rule): [int(held[name][rules == rule].sum()), int((rules == rule).sum())]
            for rule in sorted(set(rules.tolist()))
        }
    return found
