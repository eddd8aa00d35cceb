"""A server started by the command line as users start it, and requests to it of every kind."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import tritonclient.http
from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub

from fag_tf.environments.planar_grasp.gripper import parse_gripper
from fag_tf.environments.planar_grasp.scenes import scene_of_object

NAME = "planar_grasp"
INFER = f"/v2/models/{NAME}/infer"
_ANNOUNCED = re.compile(r"serving (\S+) version (\S+) at http://(\S+):(\d+) and grpc://\S+:(\d+)")


class RunningServer:
    """A process that serves; `host`, `port` and `grpc_port` say where."""

    def __init__(self, process: subprocess.Popen, announced: re.Match[str], log: Path) -> None:
        self.process = process
        self.name, self.version, self.host = announced.group(1, 2, 3)
        self.port, self.grpc_port = int(announced[4]), int(announced[5])
        self.log = log

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def http_client(self, **options) -> tritonclient.http.InferenceServerClient:
        return tritonclient.http.InferenceServerClient(f"{self.host}:{self.port}", **options)

    def ask_triton_grpc(self, arrays, requests: list[dict], **options) -> list[dict]:
        """Outputs or error of each request, by Triton's gRPC client in a process of its own.

        Its messages and kserve's have the same names, so one process cannot hold both.
        """
        conversation = {
            "url": f"{self.host}:{self.grpc_port}",
            "inputs": {name: array.tolist() for name, array in arrays.items()},
            "requests": requests,
            **options,
        }
        script = Path(__file__).with_name("triton_grpc.py")
        done = subprocess.run(
            [sys.executable, script],
            input=json.dumps(conversation),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return json.loads(done.stdout)

    @contextlib.contextmanager
    def grpc_stub(self):
        """kserve's stub for calls that no client library would make."""
        options = [("grpc.max_send_message_length", -1)]
        with grpc.insecure_channel(f"{self.host}:{self.grpc_port}", options) as channel:
            yield GRPCInferenceServiceStub(channel)

    def stop(self, number: int = signal.SIGTERM, seconds: float = 30) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)


@contextlib.contextmanager
def running_server(
    log: Path, *arguments: object, files: int | None = None
) -> Iterator[RunningServer]:
    """Run `fag-tf serve ARGUMENTS`, on free ports unless they are named; stop it in the end.

    Args:
        log: file that gets what it prints.
        arguments: of the command.
        files: how many files it may open; as many as this process if None.
    """
    words = [str(argument) for argument in arguments]
    for option in ("--port", "--grpc-port"):
        if option not in words:
            words += [option, "0"]
    command = [sys.executable, "-m", "fag_tf.cli.main", "serve", *words]
    if files is not None:
        command = ["bash", "-c", f'ulimit -n {files}; exec "$@"', "serve", *command]
    with log.open("ab") as file:
        begin = file.tell()
        process = subprocess.Popen(command, stdout=file, stderr=file, env={**os.environ})
    try:
        yield RunningServer(process, _wait_until_announced(process, log, begin), log)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_announced(process: subprocess.Popen, log: Path, begin: int) -> re.Match[str]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        text = log.read_bytes()[begin:].decode()
        if announced := _ANNOUNCED.search(text):
            return announced
        assert process.poll() is None, text
        time.sleep(0.05)
    raise AssertionError(f"no server within a minute: {log.read_text()}")


def observation_of(part: str = "hammer") -> dict[str, np.ndarray]:
    """A named part and the default gripper, B = 1."""
    scene = scene_of_object(part)
    return scene.observation(parse_gripper("robotiq_2f85"))


def triton_inputs(arrays, **options) -> list[tritonclient.http.InferInput]:
    """Arrays as inputs of Triton's REST client."""
    inputs = []
    for name, array in arrays.items():
        tensor = tritonclient.http.InferInput(name, array.shape, "FP32")
        tensor.set_data_from_numpy(array, **options)
        inputs.append(tensor)
    return inputs


def grpc_request(arrays, **parameters):
    """A gRPC request with raw tensors; real numbers go as text."""
    request = messages.ModelInferRequest(model_name=NAME)
    for name, array in arrays.items():
        request.inputs.add(name=name, datatype="FP32", shape=array.shape)
        request.raw_input_contents.append(array.tobytes())
    for name, value in parameters.items():
        if isinstance(value, int):
            request.parameters[name].int64_param = value
        else:
            request.parameters[name].string_param = str(value)
    return request


def grpc_arrays(response) -> dict[str, np.ndarray]:
    """Outputs of a gRPC response."""
    return {
        output.name: np.frombuffer(raw, np.float32).reshape(output.shape)
        for output, raw in zip(response.outputs, response.raw_output_contents, strict=True)
    }


def json_request(arrays, **parameters) -> dict:
    """A REST request in JSON alone."""
    inputs = [
        {"name": name, "shape": list(array.shape), "datatype": "FP32", "data": array.tolist()}
        for name, array in arrays.items()
    ]
    return {"inputs": inputs, "parameters": parameters}


def binary_request(arrays, **parameters) -> tuple[bytes, dict[str, str]]:
    """A REST request with binary tensors: body and headers."""
    inputs = [
        {
            "name": name,
            "shape": list(array.shape),
            "datatype": "FP32",
            "parameters": {"binary_data_size": array.nbytes},
        }
        for name, array in arrays.items()
    ]
    head = json.dumps({"inputs": inputs, "parameters": parameters}).encode()
    body = head + b"".join(array.tobytes() for array in arrays.values())
    return body, {"Inference-Header-Content-Length": str(len(head))}


def json_arrays(response: dict) -> dict[str, np.ndarray]:
    """Outputs of a REST response in JSON."""
    return {
        output["name"]: np.array(output["data"], np.float32).reshape(output["shape"])
        for output in response["outputs"]
    }
