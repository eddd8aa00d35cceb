"""The configuration that a checkpoint was trained with, beside the one in the run's folder now.

A checkpoint goes on exactly only with the configuration that it was trained with, and its weights
are what that configuration made of them. This module does not need TensorFlow.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fag_tf.config.parsing import config_from_dict, config_to_dict
from fag_tf.config.schema import Config
from fag_tf.errors import InputError

__all__ = ["COUNTERS_FILE", "KEPT", "check_unedited"]

COUNTERS_FILE = "counters.json"
KEPT = "config"
"""Key of the counters under which the configuration is kept; checkpoints of old have none."""

_MOST_NAMED = 3
_WITHOUT_EFFECT = ("collect.workers",)
"""Options that change where a run is computed, and no result."""


def check_unedited(config: Config, checkpoint: Path, file: Path) -> None:
    """Check that a checkpoint was trained with this configuration.

    The values are compared, and not a digest of them: the message can then name what differs, and
    an option that a later version adds with a default makes no difference. A damaged file passes;
    whoever reads the checkpoint reports it.

    Args:
        config: what the run's folder says now.
        checkpoint: folder of the checkpoint.
        file: where `config` was read, for the message.

    Raises:
        InputError: it was trained with another one.
    """
    try:
        kept = json.loads((checkpoint / COUNTERS_FILE).read_text(encoding="utf-8")).get(KEPT)
        if kept is None:
            return
        before = config_to_dict(config_from_dict(kept))
    except (OSError, ValueError, AttributeError, RecursionError, InputError):
        return
    now = config_to_dict(config)
    changes = list(_changes(now, before, ""))
    if changes:
        more = len(changes) - _MOST_NAMED
        named = ", ".join(changes[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        raise InputError(
            f"{file} was edited after {checkpoint.name} was trained: {named}; undo that, or train "
            f"anew with it (fag-tf train --config {file} --out OTHER)"
        )


def _changes(now: Any, before: Any, name: str) -> Iterator[str]:
    if isinstance(now, Mapping) and isinstance(before, Mapping):
        for key in sorted(now.keys() | before.keys()):
            yield from _changes(now.get(key), before.get(key), f"{name}.{key}".lstrip("."))
    # As JSON, in which lists and tuples are the same.
    elif name not in _WITHOUT_EFFECT and (new := json.dumps(now)) != (old := json.dumps(before)):
        yield f"{name} is {new:.60}, not {old:.60}"
