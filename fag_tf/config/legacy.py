"""Reads configurations of the first format, which this release still supports."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from fag_tf.errors import InputError

__all__ = ["FORMAT", "as_first_format", "current_name", "upgraded"]

FORMAT = 4
"""Number of the format in which configurations are saved, under the key `format`."""

_RENAMED: dict[tuple[str, ...], tuple[str, ...]] = {
    ("actor", "proposals"): ("policy", "num_candidates"),
    ("actor", "beginnings"): ("policy", "num_initial_candidates"),
    ("actor", "sharpness"): ("policy", "sharpness"),
    ("actor", "stop"): ("policy", "stop_probability"),
    ("actor", "confidence"): ("actor", "critic_stop_probability"),
    ("objective", "scott"): ("objective", "scott_factor"),
    ("objective", "greatest_pull"): ("objective", "max_support_gradient"),
}
# Options that came later, with the value that says what a run without them was.
_ADDED = {
    ("actor", "kind"): "implicit",
    ("actor", "density_sharpness"): 2.0,
    ("policy", "num_looks"): 0,
    ("policy", "uniform_look_share"): 0.25,
    ("policy", "look_sharpness"): 6.0,
    ("objective", "imitation"): 3.0,
    ("collect", "tolerated_share"): 0.1,
    ("collect", "workers"): 0,
    ("collect", "max_interactions"): 0,
}
# Options that a saved table of the actor has had since the first format.
_ALWAYS_SAVED = {"width", "depth", "steps", "latent_dim"}
_MOVED_CLASSES = {
    "fag_tf.studies.degraded:DegradedEnvironment": (
        "fag_tf.experiments.studies.degraded:DegradedEnvironment"
    ),
    "fag_tf.benchmarks.plain_recipe:PlainEnvironment": (
        "fag_tf.experiments.benchmarks.plain_recipe:PlainEnvironment"
    ),
}


def upgraded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the tables of a configuration from the first format to the current format.

    Args:
        values: plain nested tables of a whole or partial configuration. They may be in either
            format. If they have no key `format`, the keys of both formats are accepted.

    Returns:
        The tables in the current format, without the key `format`.

    Raises:
        InputError: the format is unknown, or an option is given by its old and its new name.
    """
    tables = copy.deepcopy(dict(values))
    version = tables.pop("format", 1)
    if type(version) is not int or not 1 <= version <= FORMAT:
        raise InputError(
            f"the configuration has format {version!r:.100}; this fag-tf reads 1 to {FORMAT}"
        )
    actor = tables.get("actor")
    if version < 4 and isinstance(actor, dict) and actor.keys() >= _ALWAYS_SAVED:
        # A run that was saved before there were other kinds.
        actor.setdefault("kind", "implicit")
    was_auto = isinstance(actor, dict) and actor.get("kind") == "auto"
    if version == 3 and was_auto and tables.get("env") != "planar_grasp":
        tables["actor"]["kind"] = "implicit"  # the kind that `auto` was then
    _give_critic_its_clip_norm(tables)
    for (old_table, old), (new_table, new) in _RENAMED.items():
        table = tables.get(old_table)
        if not (isinstance(table, dict) and old in table):
            continue
        target = tables.setdefault(new_table, {})
        if not isinstance(target, dict):
            continue  # the schema reports this error
        if new in target:
            raise InputError(
                f"{old_table}.{old} is now called {new_table}.{new}, and both are given; keep the "
                "latter"
            )
        target[new] = table.pop(old)
    if isinstance(tables.get("env"), str):
        tables["env"] = _MOVED_CLASSES.get(tables["env"], tables["env"])
    return tables


def current_name(parts: Iterable[str]) -> tuple[str, ...]:
    """The parts of an option's name in the current format, for a name in either format."""
    name = tuple(parts)
    return _RENAMED.get(name, name)


def _give_critic_its_clip_norm(values: dict[str, Any]) -> None:
    """Copy the actor's gradient bound to the critic: the first format had one bound for both."""
    actor = values.get("actor")
    first = isinstance(actor, dict) and any(
        table == "actor" and key in actor for table, key in _RENAMED
    )
    critic = values.setdefault("critic", {}) if first else None
    if isinstance(actor, dict) and "clip_norm" in actor and isinstance(critic, dict):
        critic.setdefault("clip_norm", actor["clip_norm"])


def as_first_format(values: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `upgraded` for a whole configuration.

    The digest of a run in the first format was computed from these tables. An option that the
    first format does not have keeps its place, or is left out if a run without it was the same.
    """
    tables = copy.deepcopy(dict(values))
    tables.pop("format", None)
    for (old_table, old), (new_table, new) in _RENAMED.items():
        if new in tables.get(new_table, {}):
            tables[old_table][old] = tables[new_table].pop(new)
    for (table, option), before_it in _ADDED.items():
        if tables.get(table, {}).get(option) == before_it:
            del tables[table][option]
    if not tables.get("policy", True):
        del tables["policy"]
    if tables["critic"]["clip_norm"] == tables["actor"]["clip_norm"]:
        del tables["critic"]["clip_norm"]
    before = {new: old for old, new in _MOVED_CLASSES.items()}
    tables["env"] = before.get(tables["env"], tables["env"])
    return tables
