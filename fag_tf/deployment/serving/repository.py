"""The models of a server as a kserve data plane: names, versions and readiness."""

from collections.abc import Iterable
from typing import Any

from kserve import ModelRepository
from kserve.errors import ModelNotFound, ModelNotReady
from kserve.protocol.dataplane import DataPlane

import fag_tf
from fag_tf.deployment.serving.model import PLATFORM, ServedModel
from fag_tf.errors import InputError

__all__ = ["REFUSAL", "Registry"]

REFUSAL = "models are loaded when the server starts; it takes and gives up none while it runs"
"""Message for clients that ask the server to load or unload a model."""


class Registry(DataPlane):  # type: ignore[misc]
    """The data plane over a fixed set of models.

    Attributes:
        draining: whether the server is about to stop; a stopping server is not ready.
    """

    def __init__(self, models: Iterable[ServedModel]) -> None:
        repository = ModelRepository()
        for model in models:
            if model.name in repository.get_models():
                raise InputError(f"two models are called {model.name!r}; serve one of them")
            repository.update(model)
        super().__init__(repository)
        self._names = tuple(repository.get_models())
        self.draining = False

    def metadata(self) -> dict[str, Any]:
        """Name, version and extensions of the server."""
        return {
            "name": "fag-tf",
            "version": fag_tf.__version__,
            "extensions": [
                "binary_tensor_data",
                "model_configuration",
                "model_repository",
                "parameters",
                "statistics",
            ],
        }

    def label(self, name: str) -> str:
        """The name of an existing model, or empty text, so that requests add no new metrics."""
        return name if name in self._names else ""

    def find(self, name: str, version: str | None = None) -> ServedModel:
        """Return the model of a name, and of a version if the request names one.

        Raises:
            ModelNotFound: there is no such model or version.
        """
        model = self.model_registry.get_model(name)
        if model is None:
            raise ModelNotFound(name)
        if version and version != model.version:
            raise ModelNotFound(f"{name} version {version}")
        return model  # type: ignore[no-any-return]

    def configuration(self, name: str, version: str | None = None) -> dict[str, Any]:
        """The protocol's model configuration of a model.

        Raises:
            ModelNotFound: there is no such model or version.
        """
        return self.find(name, version).configuration()

    def statistics(self, name: str | None = None, version: str | None = None) -> dict[str, Any]:
        """The protocol's statistics of a model, or of all models if there is no name.

        Raises:
            ModelNotFound: there is no such model or version.
        """
        models = [self.find(each, version if name else None) for each in self._chosen(name)]
        return {
            "model_stats": [
                {"name": model.name, "version": model.version, **model.statistics.content()}
                for model in models
            ]
        }

    def index(self, only_ready: bool = False) -> list[dict[str, str]]:
        """Name, version and state of each model.

        Args:
            only_ready: leave out models that are not ready.
        """
        models = [self.find(name) for name in self._names]
        return [
            {
                "name": model.name,
                "version": model.version,
                "state": "READY" if model.ready else "UNAVAILABLE",
                "reason": "",
            }
            for model in models
            if model.ready or not only_ready
        ]

    def _chosen(self, name: str | None) -> tuple[str, ...]:
        return (name,) if name else self._names

    def find_ready(self, name: str, version: str | None = None) -> ServedModel:
        """Return the model of a name and version, as `find` does, if it is ready.

        Raises:
            ModelNotFound: there is no such model or version.
            ModelNotReady: the model is not ready.
        """
        model = self.find(name, version)
        if not model.ready:
            raise ModelNotReady(name)
        return model

    async def ready(self) -> bool:
        """Whether the server is not stopping and all its models are ready."""
        models = [self.model_registry.get_model(name) for name in self._names]
        return not self.draining and all(model is not None and model.ready for model in models)

    async def model_metadata(self, model_name: str) -> dict[str, Any]:
        """Return the tensors, versions and platform of a model.

        Raises:
            ModelNotFound: there is no such model.
        """
        model = self.find(model_name)
        return {
            "name": model.name,
            "versions": [model.version],
            "platform": PLATFORM,
            "inputs": model.get_input_types(),
            "outputs": model.get_output_types(),
        }
