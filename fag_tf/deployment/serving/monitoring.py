"""Prometheus metrics: requests, their latency, actions drawn and actions filtered out."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Histogram

__all__ = ["Outcome", "count_samples", "track"]

REQUESTS = Counter("fag_tf_requests", "Inference requests answered.", ["model", "protocol", "code"])
LATENCY = Histogram(
    "fag_tf_request_seconds",
    "Time from an inference request's first byte to its answer.",
    ["model", "protocol"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)
SAMPLES = Counter("fag_tf_samples", "Actions drawn from the model.", ["model"])
FILTERED = Counter(
    "fag_tf_samples_filtered", "Actions drawn that fell short of min_feasibility.", ["model"]
)


class Outcome:
    """Result of a request. `code` is the HTTP status or gRPC code; `cut` if the client left."""

    code = "cut"


@contextmanager
def track(model: str, protocol: str) -> Iterator[Outcome]:
    """Count a request and measure the time of the block.

    Args:
        model: name of the requested model; empty if there is no such model.
        protocol: `rest` or `grpc`.

    Yields:
        An object on which the block sets the result of the request.
    """
    outcome = Outcome()
    begin = time.perf_counter()
    try:
        yield outcome
    finally:
        LATENCY.labels(model, protocol).observe(time.perf_counter() - begin)
        REQUESTS.labels(model, protocol, outcome.code).inc()


def count_samples(model: str, drawn: int, filtered: int) -> None:
    """Count the actions drawn and the actions below the least feasibility."""
    SAMPLES.labels(model).inc(drawn)
    FILTERED.labels(model).inc(filtered)
