"""Write the card `model.json`, and read it with a check of every entry."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fag_tf._utils.files import read_text, write_atomically
from fag_tf.deployment.model_card import ModelCard
from fag_tf.deployment.tensor_entries import Component, TensorEntry
from fag_tf.errors import InputError

__all__ = ["read_card", "write_card"]

FORMAT = "fag_tf model card"
FORMAT_VERSION = 1


def write_card(card: ModelCard, path: str | os.PathLike[str]) -> None:
    """Write the card as JSON, atomically.

    Raises:
        InputError: a value is not plain or not finite, or the file cannot be written.
    """
    values = asdict(card)
    details = values.pop("details")
    for entry in (*values["inputs"].values(), *values["outputs"].values()):
        entry["components"] = [
            {key: value for key, value in part.items() if value is not None}
            for part in entry["components"]
        ]
    taken = sorted(set(details) & {*values, "format", "format_version"})
    if taken:
        raise InputError(f"details {taken} would hide the card's own entries")
    # Readers want the workspace before the long training and figures.
    tail = {key: values.pop(key) for key in ("training", "figures", "versions", "files")}
    content = {"format": FORMAT, "format_version": FORMAT_VERSION, **values, **details, **tail}
    try:
        text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"card of {card.name!r} does not fit into JSON: {error}") from error
    with write_atomically(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


MOST_CARD = 1 << 22
"""Largest size of a card, bytes."""


def read_card(path: str | os.PathLike[str]) -> ModelCard:
    """Read and check a card.

    Raises:
        InputError: the file is missing, truncated, not a card or of a later format, or an entry is
            wrong.
    """
    path = Path(path)
    text = read_text(path, MOST_CARD)
    try:
        content = json.loads(text)
    except ValueError as error:
        raise InputError(f"card {path} is not whole JSON: {error}") from error
    except RecursionError as error:
        raise InputError(f"card {path} nests more brackets than a card has") from error
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise InputError(
            f'{path} is not a model card: it must be an object with "format": "{FORMAT}"'
        )
    version = content.pop("format_version", None)
    if version != FORMAT_VERSION:
        raise InputError(
            f"card {path} has format version {version!r}; this fag-tf reads {FORMAT_VERSION}"
        )
    try:
        return _parse(content)
    except KeyError as error:
        raise InputError(f"card {path} lacks {error.args[0]!r}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"card {path} cannot be used: {error}") from error


def _parse(content: dict[str, Any]) -> ModelCard:
    def taken(key: str, kind: type, default: Any = None) -> Any:
        value = content.pop(key) if default is None else content.pop(key, default)
        if not isinstance(value, kind):
            kinds: dict[type, str] = {dict: "an object", str: "text"}
            raise InputError(f"{key!r} is {value!r}, not {kinds[kind]}")
        return value

    return ModelCard(
        name=taken("name", str),
        environment=taken("environment", str),
        inputs={name: _parse_entry(name, entry) for name, entry in taken("inputs", dict).items()},
        outputs={name: _parse_entry(name, entry) for name, entry in taken("outputs", dict).items()},
        latent=taken("latent", dict),
        description=taken("description", str, ""),
        training=taken("training", dict, {}),
        figures=taken("figures", dict, {}),
        versions=taken("versions", dict, {}),
        files=taken("files", dict, {}),
        details=content,
    )


def _parse_entry(name: str, entry: dict[str, Any]) -> TensorEntry:
    if not isinstance(entry["shape"], list):
        raise InputError(f"{name!r}: shape is {entry['shape']!r}, not a list")
    try:
        return TensorEntry(
            tuple(entry["shape"]),
            tuple(Component(**part) for part in entry["components"]),
            entry.get("dtype", "float32"),
            entry.get("description", ""),
            tuple(entry.get("free_axes", ())),
        )
    except InputError as error:
        raise InputError(f"{name!r}: {error}") from error
