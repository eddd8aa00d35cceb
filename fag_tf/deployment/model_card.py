"""The model card `model.json`, which describes a saved model in plain values."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fag_tf.deployment.tensor_entries import Component, TensorEntry
from fag_tf.errors import InputError
from fag_tf.spaces import (
    ACTION_OUTPUT,
    FEASIBILITY_OUTPUT,
    LATENT_INPUT,
    LOG_DENSITY_OUTPUT,
    ActionSpace,
    ArraySpec,
    Axis,
)

__all__ = [
    "CARD_FILE",
    "ModelCard",
    "build_card",
    "library_versions",
]

CARD_FILE = "model.json"

MOST_LATENTS = 1 << 16
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
class ModelCard:
    """Content of `model.json`.

    Attributes:
        name: name of the model, `NAME` in `NAME/VERSION`.
        environment: name of the environment of the training.
        inputs: every input by name, including the latent.
        outputs: the outputs `action` and `feasibility`, and `log_density` if the model gives it.
        latent: distribution, bounds and size of one latent vector.
        description: a sentence for people.
        training: configuration of the training.
        figures: measured figures and how they were measured.
        versions: versions of the libraries that made the model.
        files: SHA-256 of each file of the model, by path relative to the card; see `checksums`.
        details: further top-level entries of the environment, such as its workspace.
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
    files: dict[str, str] = field(default_factory=dict)
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
        if type(size) is not int or not 1 <= size <= MOST_LATENTS:
            raise InputError(
                f"card has latent size {size!r}; it must be a whole number of 1 to {MOST_LATENTS}"
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
        for name, entry in self.observation_inputs.items():
            if entry.shape[0] != "B" or {"B", "N"} & set(entry.shape[1:]):
                raise InputError(
                    f"card has {name!r} of shape {entry.shape}; 'B' comes first, alone"
                )
        for name, entry, shape in (
            (LATENT_INPUT, self.inputs[LATENT_INPUT], ("B", "N", size)),
            (ACTION_OUTPUT, action, ("B", "N", self.action_space.dim)),
            *(
                (name, self.outputs[name], ("B", "N"))
                for name in self.sample_outputs
                if name != ACTION_OUTPUT
            ),
        ):
            if entry.shape != shape:
                raise InputError(f"card has {name!r} of shape {entry.shape}; it must be {shape}")

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
    def gives_log_density(self) -> bool:
        """Whether the model has the output `log_density`."""
        return LOG_DENSITY_OUTPUT in self.outputs

    @property
    def sample_outputs(self) -> tuple[str, ...]:
        """Names of the outputs that samples consist of: `action` and those of shape `[B, N]`."""
        names = (ACTION_OUTPUT, FEASIBILITY_OUTPUT)
        return (*names, LOG_DENSITY_OUTPUT) if self.gives_log_density else names

    @property
    def latent_dim(self) -> int:
        """Length of one latent vector, Z."""
        return int(self.latent["size"])

    @property
    def digest(self) -> str:
        """One checksum of all files of the model."""
        return hashlib.sha256(json.dumps(self.files, sort_keys=True).encode()).hexdigest()

    @property
    def observation_inputs(self) -> dict[str, TensorEntry]:
        """Every input except the latent: the observation of the state."""
        return {name: entry for name, entry in self.inputs.items() if name != LATENT_INPUT}


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that make a model, without importing them."""
    import importlib.metadata  # slow to load, and reading a card does not need it
    import platform

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
    log_density: bool = False,
    any_size: bool = False,
) -> ModelCard:
    """Describe a model that takes an environment's observations and returns its actions.

    Args:
        name: name of the model.
        environment: name of the environment.
        action_space: axes of the actions.
        observation_spec: specification of the observations; the name `latent` is reserved.
        latent_dim: length of one latent vector, Z.
        description: a sentence for people.
        training: configuration, as plain values.
        figures: measured figures, as plain values.
        details: further top-level entries. Its entry `"inputs"` maps an observation's name to
            `{"description": str, "components": [fields of Component]}`.
        log_density: whether the model also gives the log density of each action.
        any_size: whether the model takes any size on the axes that the specification lets free.

    Raises:
        InputError: an observation is called `latent`, or details name an observation that does not
            exist.
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
        named = _named(key, spec)
        components = tuple(Component(**part) for part in about.get("components", named))
        inputs[key] = TensorEntry(
            ("B", *spec.shape),
            components,
            spec.dtype,
            about.get("description", _of_rows(spec)),
            tuple(axis + 1 for axis in spec.free_axes) if any_size else (),
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
    if log_density:
        outputs[LOG_DENSITY_OUTPUT] = TensorEntry(
            ("B", "N"),
            (Component(LOG_DENSITY_OUTPUT, _log_density_unit(action_space)),),
            description="log of the density with which the model draws the action; exact for one "
            "candidate for each action; with several, exp(-log_density) is an unbiased estimate "
            "of one over the density",
        )
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


def _log_density_unit(space: ActionSpace) -> str:
    """Unit of the log of a density over the space, such as `log(1/(m^2 rad))`."""
    powers = Counter(axis.unit for axis in space.axes if axis.unit != "1")
    factors = [
        (unit if unit.isalpha() else f"({unit})") + (f"^{power}" if power > 1 else "")
        for unit, power in powers.items()
    ]
    if not factors:
        return "1"
    return f"log(1/{factors[0]})" if len(factors) == 1 else f"log(1/({' '.join(factors)}))"


def _named(key: str, spec: ArraySpec) -> list[dict[str, Any]]:
    """The numbers of an observation, as its specification names them."""
    if not spec.names:
        return [{"name": key}]
    units = spec.units or ("1",) * len(spec.names)
    return [{"name": n, "unit": unit} for n, unit in zip(spec.names, units, strict=True)]


def _of_rows(spec: ArraySpec) -> str:
    """What the specification says of an observation's rows."""
    order = "the rows are a set, in any order" if spec.unordered else ""
    absent = "" if spec.presence is None else f"a row with 0 in column {spec.presence} is absent"
    return "; ".join(filter(None, [order, absent]))
