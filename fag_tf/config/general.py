"""The defaults of environments without networks of their own.

The defaults of `Config` are for pictures, which need large networks and many steps. A state of a
few numbers or things is learnt from fewer checks, in one to five minutes.
"""

import json
from collections.abc import Mapping
from typing import Any

from fag_tf.config.legacy import FORMAT, upgraded
from fag_tf.config.schema import ObjectiveConfig

__all__ = [
    "GENERAL_DEFAULTS",
    "general_settings",
    "settings_by_axes",
    "settings_without_density",
    "with_general_defaults",
]


def _falling(start: float) -> dict[str, Any]:
    return {"start": start, "end": 0.1 * start, "shape": "cosine", "begin": 0.3}


GENERAL_DEFAULTS: dict[str, dict[str, Any]] = {
    # With a larger rate, actors of sixteen axes learn nothing.
    "actor": {
        "width": 64,
        "learning_rate": _falling(1.5e-3),
        "average": 0.99,
        "density_sharpness": 1.0,
    },
    "critic": {
        "width": 128,
        "states": 64,
        "updates": 2,
        "learning_rate": _falling(6e-3),
        "weight_decay": 0.3,
        "average": 0.99,
        "warmup_steps": 50,
    },
    # With an exact density the actor's samples are only centres of wide kernels.
    "objective": {"num_supports": 16, "num_samples": 128},
    # Many states with few tries in each: what is rare in a state is learnt from others like it. And
    # early, so that the actor has time to follow.
    "collect": {"every": 4, "states": 32, "until": 0.5, "pool": 4},
    # Networks this small run as fast without XLA, which takes 20 seconds to compile them.
    "trainer": {"steps": 1200, "compile": False},
}
"""Tables of the options whose default differs from that of `Config`."""

_WITHOUT_DENSITY: dict[str, dict[str, Any]] = {
    "actor": {"learning_rate": _falling(4e-3)},
    "objective": {"num_supports": 64},
}
"""What differs for the implicit actor and other methods, which learn from their own samples."""


def general_settings() -> tuple[str, ...]:
    """The general defaults as settings, in the form of `--set`."""
    return _as_settings(GENERAL_DEFAULTS)


def settings_by_axes(num_axes: int) -> tuple[str, ...]:
    """What the number of axes changes in the general defaults, in the form of `--set`."""
    return _as_settings(_by_axes(num_axes))


def _by_axes(num_axes: int) -> dict[str, dict[str, Any]]:
    # With many axes nearly every action of the wide parts of the proposal is infeasible. If the
    # critic gives one a little probability by mistake, its weight may exceed all others.
    share = min(ObjectiveConfig.uniform_weight, round((4.0 / num_axes) ** 2, 4))
    return {"objective": {"uniform_weight": share, "wide_weight": share}}


def settings_without_density() -> tuple[str, ...]:
    """What differs for the implicit actor and other methods, in the form of `--set`."""
    return _as_settings(_WITHOUT_DENSITY)


def _as_settings(tables: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(
        f"{table}.{option}={_toml(value)}"
        for table, options in tables.items()
        for option, value in options.items()
    )


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_toml(entry)}" for key, entry in value.items()) + "}"
    return json.dumps(value)


def with_general_defaults(values: Mapping[str, Any], num_axes: int) -> dict[str, Any]:
    """The tables of a configuration, with general defaults for the options that they leave out.

    The implicit actor and other methods get a few of their own, `_WITHOUT_DENSITY`.

    Args:
        values: nested tables.
        num_axes: number of axes of an action.
    """
    tables = upgraded(values)
    actor = tables.get("actor")
    implicit = isinstance(actor, Mapping) and actor.get("kind") == "implicit"
    without_density = implicit or tables.get("method", "actor") != "actor"
    own = _WITHOUT_DENSITY if without_density else _by_axes(num_axes)
    for name, defaults in GENERAL_DEFAULTS.items():
        given = tables.get(name, {})
        if isinstance(given, Mapping):  # else the error is the configuration's to tell
            tables[name] = {**defaults, **own.get(name, {}), **given}
    return {**tables, "format": FORMAT}
