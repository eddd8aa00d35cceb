"""The map from a latent to a feasible action, of whatever holds a trained actor."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fag_tf.deployment.sampler import SavedModel, load_model
from fag_tf.errors import InputError
from fag_tf.spaces import ActionSpace, Observation
from fag_tf.training.run import RunFolder, is_run, open_run

__all__ = ["LatentMapping", "MappingModel"]

Mapped = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
"""Actions `[B, N, A]`, the probability that each is feasible `[B, N]`, log density `[B, N]`."""


@runtime_checkable
class LatentMapping(Protocol):
    """Maps latents to actions, so that evenly spread latents become evenly spread actions.

    It may also have `inputs`, the shape of every input by name, and `action_space`, a
    `fag_tf.spaces.ActionSpace`; both are then held against the environment.

    Attributes:
        latent_dim: A, which is the number of axes of an action.
    """

    latent_dim: int

    def map_latent(self, observation: Observation, latent: NDArray[Any]) -> Mapped:
        """Map latents `[B, N, A]` within -1 and 1, for observations `[B, ...]` by name."""


class MappingModel:
    """The mapping of a model, a run or a policy.

    It can be pickled where the other process can load the same: the folder of a model or a run is
    read again there. A policy alone cannot be pickled.

    Args:
        model: a loaded model, the name of one that comes with the package, the folder of a model or
            of a run, a run, a `Policy`, or any other `LatentMapping`.

    Raises:
        InputError: there is no such model, or it cannot map one latent to an action.
    """

    def __init__(self, model: Any) -> None:
        self._source = _source_of(model)
        named = isinstance(model, str | os.PathLike)
        self._mapping: Any = _mapping_of(_opened(self._source) if named else model)

    @property
    def mapping(self) -> LatentMapping:
        """The loaded mapping."""
        if self._mapping is None:
            self._mapping = _mapping_of(_opened(self._source))
        mapping: LatentMapping = self._mapping
        return mapping

    @property
    def source(self) -> Any:
        """The model's folder or name; None if it has none."""
        return self._source if isinstance(self._source, str) else None

    @property
    def latent_dim(self) -> int:
        """A."""
        return int(self.mapping.latent_dim)

    @property
    def inputs(self) -> Mapping[str, tuple[int, ...]] | None:
        """Shape of every input by name; None if the model does not tell."""
        return getattr(self.mapping, "inputs", None)

    @property
    def action_space(self) -> ActionSpace | None:
        """Axes of an action; None if the model does not tell."""
        return getattr(self.mapping, "action_space", None)

    def __call__(self, observation: Observation, latent: NDArray[Any]) -> Mapped:
        """As `LatentMapping.map_latent`; the latents are brought within -1 and 1."""
        latent = np.clip(np.asarray(latent, np.float32), -1.0, 1.0)
        if not np.isfinite(latent).all():
            raise InputError("an action holds values that are not finite numbers")
        actions, feasibility, log_density = self.mapping.map_latent(observation, latent)
        return actions, feasibility, log_density

    def __deepcopy__(self, memo: dict[int, Any]) -> "MappingModel":
        # A loaded model is never changed, and most cannot be copied.
        return self

    def __getstate__(self) -> dict[str, Any]:
        if isinstance(self._source, str | _RunSource):
            return {"_source": self._source, "_mapping": None}
        if _is_policy(self._source):
            raise InputError(
                "a policy cannot be given to another process; give the run, or export it and give "
                "the model's folder"
            )
        return {"_source": self._source, "_mapping": self._mapping}


class _RunSource:
    """A run's folder, and its environment if that was given as an object."""

    def __init__(self, run: RunFolder) -> None:
        self.directory = str(run.directory.resolve())
        self.environment = run._environment

    def open(self) -> RunFolder:
        return open_run(self.directory, self.environment)


def _source_of(model: Any) -> Any:
    """What another process can load the same model from."""
    if isinstance(model, str | os.PathLike):
        name = os.fspath(model)
        return str(Path(name).resolve()) if name and Path(name).is_dir() else name
    if isinstance(model, SavedModel):
        return str(model.directory.resolve())
    if isinstance(model, RunFolder):
        return _RunSource(model)
    return model


def _opened(source: Any) -> Any:
    if isinstance(source, _RunSource):
        return source.open()
    if isinstance(source, str):
        return open_run(source) if is_run(source) else load_model(source)
    return source


def _mapping_of(model: Any) -> LatentMapping:
    if isinstance(model, SavedModel):
        return _SavedModelMapping(model)
    if isinstance(model, RunFolder):
        spec = model.environment.observation_spec
        return _PolicyMapping(model.policy(), {name: each.shape for name, each in spec.items()})
    if _is_policy(model):
        return _PolicyMapping(model, None)
    if isinstance(model, LatentMapping):
        return model
    raise InputError(
        f"model is {model!r:.100}; it must be a loaded model, the folder of a model or a run, a "
        "run, or have latent_dim and map_latent"
    )


def _is_policy(model: Any) -> bool:
    # By name, since to import the class is to import TensorFlow.
    return any(each.__name__ == "Policy" for each in type(model).__mro__) and hasattr(
        model, "actor"
    )


class _SavedModelMapping:
    """The mapping of a saved model."""

    def __init__(self, model: SavedModel) -> None:
        model.mapping  # noqa: B018  a model without the map is told at once
        self.map_latent = model.map_latent
        self.action_space = model.card.action_space
        self.latent_dim = self.action_space.dim
        entries = model.card.observation_inputs
        self.inputs = {name: tuple(entry.shape[1:]) for name, entry in entries.items()}


class _PolicyMapping:
    """The mapping of a policy."""

    def __init__(self, policy: Any, inputs: Mapping[str, tuple[int, ...]] | None) -> None:
        if not policy.actor.invertible:
            raise InputError(
                f"the actor is a {type(policy.actor).__name__}; an action mapping needs one with a "
                "latent for each axis, such as actor.kind=autoregressive"
            )
        self.map_latent = policy.map_latent
        self.action_space = policy.actor.space
        self.latent_dim = policy.actor.latent_dim
        self.inputs = inputs
