"""The models that a server has, as kserve's data plane: names, versions, readiness."""

from collections.abc import Iterable
from typing import Any

from kserve import ModelRepository
from kserve.errors import ModelNotFound, ModelNotReady
from kserve.protocol.dataplane import DataPlane

import fag_tf
from fag_tf.deployment.serving.model import ServedModel
from fag_tf.errors import InputError

__all__ = ["REFUSAL", "Registry"]

REFUSAL = "models are loaded when the server starts; it takes and gives up none while it runs"
"""What a client is told that wants to load or unload one."""


class Registry(DataPlane):  # type: ignore[misc]
    """The data plane over a fixed set of models.

    Attributes:
        draining: whether the server is about to stop; then it is no longer ready.
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
            "extensions": ["binary_tensor_data"],
        }

    def label(self, name: str) -> str:
        """The name if it is a model's, else the empty text: metrics must not grow by requests."""
        return name if name in self._names else ""

    def find(self, name: str, version: str | None = None) -> ServedModel:
        """The model of a name, and of a version if one is asked for.

        Raises:
            ModelNotFound: there is no such model or version.
        """
        model = self.model_registry.get_model(name)
        if model is None:
            raise ModelNotFound(name)
        if version and version != model.version:
            raise ModelNotFound(f"{name} version {version}")
        return model  # type: ignore[no-any-return]

    def find_ready(self, name: str, version: str | None = None) -> ServedModel:
        """As `find`.

        Raises:
            ModelNotFound: there is no such model or version.
            ModelNotReady: it does not answer.
        """
        model = self.find(name, version)
        if not model.ready:
            raise ModelNotReady(name)
        return model

    async def ready(self) -> bool:
        """Whether every model that the server started with answers, and it is not stopping."""
        models = [self.model_registry.get_model(name) for name in self._names]
        return not self.draining and all(model is not None and model.ready for model in models)

    async def model_metadata(self, model_name: str) -> dict[str, Any]:
        """A model's tensors, versions and platform.

        Raises:
            ModelNotFound: there is no such model.
        """
        model = self.find(model_name)
        return {
            "name": model.name,
            "versions": [model.version],
            "platform": "onnxruntime_onnx",
            "inputs": model.get_input_types(),
            "outputs": model.get_output_types(),
        }
