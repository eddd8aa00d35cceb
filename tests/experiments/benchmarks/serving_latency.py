"""Latency and requests a second of `fag-tf serve` on loopback, beside a bare ONNX Runtime call.

One state, 64 actions a request. Client and server share the machine.
Run: PYTHONPATH=tests python tests/experiments/benchmarks/serving_latency.py
"""

import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import requests

from fag_tf.deployment.model_folders import shipped_model
from fag_tf.deployment.sampler import load_model
from fag_tf.latents import draw_latent
from reference.serving import (
    INFER,
    binary_request,
    grpc_request,
    json_request,
    observation_of,
    running_server,
)

SECONDS = 10.0
NUMBER = 64
WANTED = {"num_samples": NUMBER, "seed": 1}


def measure(make: Callable[[], Callable[[], object]], clients: int) -> tuple[float, float, float]:
    """Median and 99th percentile in ms, and calls a second, of some clients for a time."""
    spent: list[float] = []
    start = threading.Barrier(clients)

    def work() -> None:
        call = make()
        call()
        start.wait()
        end = time.perf_counter() + SECONDS
        while (begin := time.perf_counter()) < end:
            call()
            spent.append(time.perf_counter() - begin)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    p50, p99 = 1e3 * np.percentile(spent, [50, 99])
    return p50, p99, len(spent) / SECONDS


def main() -> None:
    """Print a line for each way in and number of clients."""
    state = observation_of("hammer")
    sampler = load_model(shipped_model())
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(sampler.directory / "model.onnx", options)
    feed = {**state, "latent": draw_latent(1, 1, NUMBER, sampler.card.latent_dim)}

    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder) / "log") as server:

        def post(**options: object) -> Callable[[], object]:
            client = requests.Session()

            def call() -> None:
                answer = client.post(server.url + INFER, **options)
                answer.raise_for_status()
                _ = answer.content

            return call

        body, headers = binary_request(state, **WANTED)
        text = requests.Request("POST", "http://x", json=json_request(state, **WANTED)).prepare()
        with server.grpc_stub() as stub:
            ways = {
                "ONNX Runtime alone": lambda: lambda: session.run(None, feed),
                "local sampler": lambda: lambda: sampler.sample(state, NUMBER, 1),
                "REST JSON": lambda: post(data=text.body),
                "REST binary": lambda: post(data=body, headers=headers),
                "gRPC": lambda: lambda: stub.ModelInfer(grpc_request(state, **WANTED)),
            }
            for clients in (1, 8):
                for name, make in ways.items():
                    p50, p99, rate = measure(make, clients)
                    print(
                        f"{name:20} {clients} clients: p50 {p50:6.1f} ms, p99 {p99:6.1f} ms, "
                        f"{rate:6.1f} a second",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
