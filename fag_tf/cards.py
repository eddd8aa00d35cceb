"""The model card `model.json`: everything a reader must know of a saved model, in plain values."""

import importlib.metadata
import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fag_tf.environment import ArraySpec
from fag_tf.errors import InputError
from fag_tf.files import read_text, write_atomically
from fag_tf.spaces import ActionSpace, Axis

__all__ = [
    "ACTION_OUTPUT",
    "CARD_FILE",
    "FEASIBILITY_OUTPUT",
    "LATENT_INPUT",
    "Component",
    "ModelCard",
    "TensorEntry",
    "build_card",
    "library_versions",
    "read_card",
    "write_card",
]

CARD_FILE = "model.json"
LATENT_INPUT = "latent"
ACTION_OUTPUT = "action"
FEASIBILITY_OUTPUT = "feasibility"

FORMAT = "fag_tf model card"
FORMAT_VERSION = 1

LIBRARIES = (
    "fag-tf",
    "tensorflow",
    "tensorflow-probability",
    "keras",
    "tf2onnx",
    "onnx",
    "onnxruntime",
    "numpy",
)


@dataclass(frozen=True)
class Component:
    """One number of a tensor.

    Attributes:
        name: what it is called in tables and files.
        unit: an SI unit, `1` if it has none.
        low: least value; for an input, of what the model was trained on. None if not bounded.
        high: greatest value, likewise.
        period: None, or what can be added without a change; then values lie in [low, high).
        default: what an input is if nobody says otherwise, or None.
    """

    name: str
    unit: str = "1"
    low: float | None = None
    high: float | None = None
    period: float | None = None
    default: float | None = None


@dataclass(frozen=True)
class TensorEntry:
    """One input or output.

    Attributes:
        shape: `"B"` and `"N"` where the size is free, else numbers.
        components: one for each entry of the last axis, or a single one that holds for all.
        dtype: NumPy's name of the type.
        description: one sentence.
    """

    shape: tuple[str | int, ...]
    components: tuple[Component, ...]
    dtype: str = "float32"
    description: str = ""


@dataclass(frozen=True)
class ModelCard:
    """What `model.json` says.

    Attributes:
        name: of the model, `NAME` in `NAME/VERSION`.
        environment: name of the environment it was trained in.
        inputs: every input by name, the latent among them.
        outputs: `action` and `feasibility`.
        latent: distribution, bounds and size of one latent vector.
        description: a sentence for people.
        training: the configuration it was trained with.
        figures: what was measured, and how.
        versions: of the libraries that made it.
        details: further top-level entries that the environment adds, such as its workspace.
    """

    name: str
    environment: str
    inputs: dict[str, TensorEntry]
    outputs: dict[str, TensorEntry]
    latent: dict[str, Any]
    description: str = ""
    training: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for wanted, entries in (
            ((LATENT_INPUT,), self.inputs),
            ((ACTION_OUTPUT, FEASIBILITY_OUTPUT), self.outputs),
        ):
            for name in wanted:
                if name not in entries:
                    raise InputError(f"card lists {sorted(entries)} but no {name!r}")
        size = self.latent.get("size")
        if not isinstance(size, int) or size < 1:
            raise InputError(
                f"card has latent size {size!r}; it must be a whole number of 1 or more"
            )
        distribution = (
            self.latent.get("distribution"),
            self.latent.get("low"),
            self.latent.get("high"),
        )
        if distribution != ("uniform", -1, 1):
            raise InputError(f"card has latent {self.latent}; only uniform on [-1, 1] is known")
        action = self.outputs[ACTION_OUTPUT]
        if len(action.components) != action.shape[-1]:
            raise InputError(
                f"card describes {len(action.components)} components of the action; "
                f"its shape is {action.shape}"
            )
        for component in action.components:
            if component.low is None or component.high is None:
                raise InputError(f"card has no bounds for the action's {component.name!r}")

    @property
    def action_space(self) -> ActionSpace:
        """The axes of an action."""
        return ActionSpace(
            [
                Axis(
                    part.name, float(part.low), float(part.high), part.unit, part.period is not None
                )
                for part in self.outputs[ACTION_OUTPUT].components
                if part.low is not None and part.high is not None
            ]
        )

    @property
    def latent_dim(self) -> int:
        """Length of one latent vector, Z."""
        return int(self.latent["size"])

    @property
    def observation_inputs(self) -> dict[str, TensorEntry]:
        """Every input but the latent: what the state is made of."""
        return {name: entry for name, entry in self.inputs.items() if name != LATENT_INPUT}


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries a model is made with, without importing any."""
    versions = {"python": platform.python_version()}
    for library in LIBRARIES:
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def build_card(
    name: str,
    environment: str,
    action_space: ActionSpace,
    observation_spec: Mapping[str, ArraySpec],
    latent_dim: int,
    *,
    description: str = "",
    training: Mapping[str, Any] | None = None,
    figures: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None,
) -> ModelCard:
    """Write down a model that takes an environment's observations and gives its actions.

    Args:
        name: of the model.
        environment: name of the environment.
        action_space: the axes of its actions.
        observation_spec: its observations; `latent` is not free as a name.
        latent_dim: length of one latent vector, Z.
        description: a sentence for people.
        training: configuration, as plain values.
        figures: what was measured, as plain values.
        details: further top-level entries. Its `"inputs"` maps an observation's name to
            `{"description": str, "components": [fields of Component]}`.

    Raises:
        InputError: an observation is called `latent`, or details name one that there is not.
    """
    rest = dict(details or {})
    described = dict(rest.pop("inputs", {}))
    if LATENT_INPUT in observation_spec:
        raise InputError(f"an observation is called {LATENT_INPUT!r}, the name of the noise")
    for unknown in set(described) - set(observation_spec):
        raise InputError(f"details describe {unknown!r}; observed are {sorted(observation_spec)}")
    inputs = {}
    for key, spec in observation_spec.items():
        about = described.get(key, {})
        components = tuple(Component(**part) for part in about.get("components", [{"name": key}]))
        inputs[key] = TensorEntry(
            ("B", *spec.shape), components, spec.dtype, about.get("description", "")
        )
    inputs[LATENT_INPUT] = TensorEntry(
        ("B", "N", latent_dim),
        (Component(LATENT_INPUT, low=-1.0, high=1.0),),
        description="noise, one vector for each action; independent and uniform",
    )
    outputs = {
        ACTION_OUTPUT: TensorEntry(
            ("B", "N", action_space.dim),
            tuple(
                Component(
                    axis.name, axis.unit, axis.low, axis.high, axis.width if axis.periodic else None
                )
                for axis in action_space.axes
            ),
            description="one action for each latent vector",
        ),
        FEASIBILITY_OUTPUT: TensorEntry(
            ("B", "N"),
            (Component(FEASIBILITY_OUTPUT, low=0.0, high=1.0),),
            description="the critic's probability that the action is feasible",
        ),
    }
    return ModelCard(
        name=name,
        environment=environment,
        inputs=inputs,
        outputs=outputs,
        latent={"distribution": "uniform", "low": -1.0, "high": 1.0, "size": latent_dim},
        description=description,
        training=dict(training or {}),
        figures=dict(figures or {}),
        versions=library_versions(),
        details=rest,
    )


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
    # Workspace and the like before the long training and figures, for those who read the file.
    tail = {key: values.pop(key) for key in ("training", "figures", "versions")}
    content = {"format": FORMAT, "format_version": FORMAT_VERSION, **values, **details, **tail}
    try:
        text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"card of {card.name!r} does not fit into JSON: {error}") from error
    with write_atomically(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def read_card(path: str | os.PathLike[str]) -> ModelCard:
    """Read and check a card.

    Raises:
        InputError: it is missing, truncated, not a card, of a later format, or an entry is wrong.
    """
    path = Path(path)
    try:
        content = json.loads(read_text(path))
    except json.JSONDecodeError as error:
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
    def mapping(key: str, default: dict[str, Any] | None = None) -> dict[str, Any]:
        value = content.pop(key) if default is None else content.pop(key, default)
        if not isinstance(value, dict):
            raise InputError(f"{key!r} is {value!r}, not an object")
        return value

    return ModelCard(
        name=str(content.pop("name")),
        environment=str(content.pop("environment")),
        inputs={name: _parse_entry(name, entry) for name, entry in mapping("inputs").items()},
        outputs={name: _parse_entry(name, entry) for name, entry in mapping("outputs").items()},
        latent=mapping("latent"),
        description=str(content.pop("description", "")),
        training=mapping("training", {}),
        figures=mapping("figures", {}),
        versions=mapping("versions", {}),
        details=content,
    )


def _parse_entry(name: str, entry: dict[str, Any]) -> TensorEntry:
    shape: Sequence[str | int] = entry["shape"]
    for size in shape:
        if size not in ("B", "N") and not (isinstance(size, int) and size > 0):
            raise InputError(f"{name!r} has shape {shape!r}; sizes are numbers, 'B' or 'N'")
    components = tuple(Component(**part) for part in entry["components"])
    for part in components:
        bounds = [part.low, part.high, part.period, part.default]
        if not all(value is None or math.isfinite(value) for value in bounds):
            raise InputError(f"{name!r} has a value that is not finite in {part.name!r}")
    if len(components) not in (1, shape[-1]):
        raise InputError(f"{name!r} of shape {shape!r} has {len(components)} components")
    return TensorEntry(
        tuple(shape),
        components,
        str(entry.get("dtype", "float32")),
        str(entry.get("description", "")),
    )
