"""A conversation of Triton's gRPC client with a server: JSON on the standard streams."""

import json
import sys

import numpy as np
from tritonclient.grpc import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException


def converse(url, inputs, requests, model="planar_grasp", headers=None, about=()):
    """Answers to inference requests, and then to calls of the client's that are about a model."""
    tensors = []
    for name, values in inputs.items():
        array = np.array(values, np.float32)
        tensor = InferInput(name, array.shape, "FP32")
        tensor.set_data_from_numpy(array)
        tensors.append(tensor)
    answers = []
    with InferenceServerClient(url) as client:
        for request in requests:
            names = request.pop("outputs", None)
            outputs = None if names is None else [InferRequestedOutput(name) for name in names]
            try:
                result = client.infer(model, tensors, outputs=outputs, headers=headers, **request)
            except InferenceServerException as error:
                answers.append({"status": error.status(), "message": error.message()})
                continue
            response = result.get_response()
            answer = {each.name: result.as_numpy(each.name).tolist() for each in response.outputs}
            answers.append({**answer, "id": response.id, "version": response.model_version})
        for name, arguments in about:
            try:
                told = getattr(client, name)(*arguments, headers=headers, as_json=True)
                answers.append(told)
            except InferenceServerException as error:
                answers.append({"status": error.status(), "message": error.message()})
    return answers


if __name__ == "__main__":
    json.dump(converse(**json.load(sys.stdin)), sys.stdout)
