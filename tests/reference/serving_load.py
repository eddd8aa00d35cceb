"""Load of every kind on a server: good requests, whose answers are known, and bad ones."""

import random
import socket
import threading
import time
from collections import Counter, defaultdict

import grpc
import numpy as np
import psutil
import requests

from fag_tf.deployment.feasible_sampling import draw_feasible
from reference.serving import (
    INFER,
    binary_request,
    grpc_arrays,
    grpc_request,
    json_arrays,
    json_request,
    observation_of,
)

SEEDS = range(4)
NUMBER = 64
TIMED = ("REST JSON", "REST binary", "gRPC", "small")


class Load:
    """What clients send and what must come back.

    Attributes:
        outcomes: how often each kind of request ended in which way; `right` is the wanted one.
            With a token there are slow, unauthorised and abandoned requests besides.
        small_body: a small request, if there is a token.
        seconds: latencies of good requests by kind.
    """

    def __init__(self, server, sampler, body_limit: int, token: str | None = None) -> None:
        self._server = server
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._metadata = tuple((name.lower(), value) for name, value in self._headers.items())
        self.outcomes: dict[str, Counter[str]] = defaultdict(Counter)
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self._lock = threading.Lock()
        self._good = []
        for part in ("hammer", "L", "O"):
            state = observation_of(part)
            several = {name: np.repeat(array, 3, axis=0) for name, array in state.items()}
            for seed in SEEDS:
                for arrays in (state, several):
                    self._good.append(
                        (
                            arrays,
                            {"num_samples": NUMBER, "seed": seed},
                            sampler.sample(arrays, NUMBER, seed),
                        )
                    )
                (found,) = draw_feasible(sampler, state, NUMBER, seed, 0.9)
                wanted = {"num_samples": NUMBER, "seed": seed, "min_feasibility": "0.9"}
                self._good.append((state, wanted, (found.action[None], found.feasibility[None])))
        self._json = [self._session_body(*each[:2]) for each in self._good]
        self._binary = [binary_request(arrays, **wanted) for arrays, wanted, _ in self._good]
        self._rpc = [grpc_request(arrays, **wanted) for arrays, wanted, _ in self._good]
        self._oversized = bytes(body_limit + 1_000_000)
        self._malformed = self._malformed_bodies(*self._good[0][:2])
        self._kinds = {
            "REST JSON": (self._ask_json, 4),
            "REST binary": (self._ask_binary, 4),
            "gRPC": (self._ask_grpc, 4),
            "malformed": (self._send_malformed, 2),
            "gRPC malformed": (self._send_malformed_grpc, 1),
            "truncated": (self._send_truncated, 2),
            "cut off": (self._cut_off, 2),
            "oversized": (self._send_oversized, 0.2),
        }
        if token is not None:
            small = {"num_samples": 1, "seed": 1}
            self.small_body = self._session_body(observation_of("hammer"), small)
            large = {"num_samples": 1024, "min_feasibility": 1.0}
            self._large = self._session_body(observation_of("hammer"), large)
            self._kinds |= {
                "small": (self._ask_small, 4),
                "unauthorised": (self._ask_without_token, 2),
                "slow": (self._send_slowly, 0.5),
                "slow, unauthorised": (self._send_slowly_without_token, 2),
                "abandoned": (self._abandon, 1),
                "half a header": (self._send_half_a_header, 1),
            }

    @staticmethod
    def _session_body(arrays, wanted) -> bytes:
        request = requests.Request("POST", "http://x", json=json_request(arrays, **wanted))
        return request.prepare().body

    def _malformed_bodies(self, arrays, wanted) -> list[bytes]:
        good = self._session_body(arrays, wanted)
        bad = json_request(arrays, **wanted)
        bad["inputs"][0]["shape"] = [1, 128, 128, 2]
        return [
            b"",
            b"{",
            b"[]",
            b"\xff" * 1000,
            b"[" * 100_000,
            b"[" + b"[]," * 1_000_000 + b"[]]",
            good[:-1],
            good.replace(b"FP32", b"FP64"),
            good.replace(b"num_samples", b"samples"),
            good.replace(b'"image"', b'"picture"'),
            self._session_body(arrays, {"num_samples": 10**9}),
            self._session_body(arrays, {**wanted, "seed": -1}),
            requests.Request("POST", "http://x", json=bad).prepare().body,
        ]

    def run(self, clients: int, seconds: float) -> None:
        """Let clients send at random, one request after another, for a time."""
        end = time.monotonic() + seconds
        threads = [
            threading.Thread(target=self._client, args=(number, end)) for number in range(clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _client(self, number: int, end: float) -> None:
        rng = random.Random(number)
        names = list(self._kinds)
        weights = [weight for _, weight in self._kinds.values()]
        with requests.Session() as session, self._server.grpc_stub() as stub:
            session.headers.update(self._headers)
            while time.monotonic() < end:
                (name,) = rng.choices(names, weights)
                begin = time.perf_counter()
                try:
                    outcome = self._kinds[name][0](rng, session, stub)
                except (requests.RequestException, OSError) as error:
                    outcome = f"{type(error).__name__}: {error}"[:200]
                spent = time.perf_counter() - begin
                with self._lock:
                    self.outcomes[name][outcome] += 1
                    if name in TIMED:
                        self.seconds[name].append(spent)

    def _judge(self, index: int, answer: dict[str, np.ndarray]) -> str:
        action, feasibility = self._good[index][2]
        same = np.array_equal(answer["action"], action)
        same = same and np.array_equal(answer["feasibility"], feasibility)
        return "right" if same else "another answer"

    def _ask_json(self, rng, session, stub) -> str:
        index = rng.randrange(len(self._good))
        answer = session.post(self._server.url + INFER, data=self._json[index], timeout=120)
        if answer.status_code != 200:
            return f"{answer.status_code} {answer.text}"[:200]
        return self._judge(index, json_arrays(answer.json()))

    def _ask_binary(self, rng, session, stub) -> str:
        index = rng.randrange(len(self._good))
        body, headers = self._binary[index]
        answer = session.post(self._server.url + INFER, data=body, headers=headers, timeout=120)
        if answer.status_code != 200:
            return f"{answer.status_code} {answer.text}"[:200]
        return self._judge(index, json_arrays(answer.json()))

    def _ask_grpc(self, rng, session, stub) -> str:
        index = rng.randrange(len(self._good))
        try:
            answer = stub.ModelInfer(self._rpc[index], timeout=120, metadata=self._metadata)
        except grpc.RpcError as error:
            return f"{error.code().name} {error.details()}"[:200]
        return self._judge(index, grpc_arrays(answer))

    def _send_malformed(self, rng, session, stub) -> str:
        body = rng.choice(self._malformed)
        return _wanted(session.post(self._server.url + INFER, data=body, timeout=120), 400)

    def _send_malformed_grpc(self, rng, session, stub) -> str:
        request = type(self._rpc[0])()
        request.CopyFrom(self._rpc[0])
        request.raw_input_contents[0] = request.raw_input_contents[0][: rng.randrange(65_536)]
        try:
            stub.ModelInfer(request, timeout=120, metadata=self._metadata)
        except grpc.RpcError as error:
            right = error.code() is grpc.StatusCode.INVALID_ARGUMENT
            return "right" if right else f"{error.code().name} {error.details()}"[:200]
        return "answered"

    def _send_truncated(self, rng, session, stub) -> str:
        body, headers = self._binary[0]
        cut = body[: rng.randrange(len(body))]
        answer = session.post(self._server.url + INFER, data=cut, headers=headers, timeout=120)
        return _wanted(answer, 400)

    def _cut_off(self, rng, session, stub) -> str:
        body, headers = self._binary[0]
        whole = self._message(body, {**self._headers, **headers})
        with self._connected() as connection:
            # Some break off while they send, some while they wait.
            connection.sendall(whole[: rng.randrange(len(whole) + len(body))])
        return "right"

    def _connected(self) -> socket.socket:
        return socket.create_connection((self._server.host, self._server.port), 120)

    @staticmethod
    def _message(body: bytes, headers: dict[str, str]) -> bytes:
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        head = f"POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        return (head + "".join(lines) + "\r\n").encode() + body

    def _send_oversized(self, rng, session, stub) -> str:
        answer = session.post(self._server.url + INFER, data=self._oversized, timeout=120)
        return _wanted(answer, 413)

    def _ask_small(self, rng, session, stub) -> str:
        answer = session.post(self._server.url + INFER, data=self.small_body, timeout=120)
        return "right" if answer.status_code == 200 else f"{answer.status_code} {answer.text}"[:200]

    def _ask_without_token(self, rng, session, stub) -> str:
        return _wanted(
            requests.post(self._server.url + INFER, data=self.small_body, timeout=120), 401
        )

    def _send_slowly(self, rng, session, stub) -> str:
        """A piece of a body, and after a while no more."""
        with self._connected() as connection:
            connection.sendall(self._message(self.small_body, self._headers)[:-10])
            time.sleep(rng.uniform(0.0, 2.0))
        return "right"

    def _send_slowly_without_token(self, rng, session, stub) -> str:
        with self._connected() as connection:
            connection.sendall(self._message(self.small_body, {})[:-10])
            answer = connection.recv(12)
        return "right" if answer == b"HTTP/1.1 401" else repr(answer)

    def _abandon(self, rng, session, stub) -> str:
        """Ask for 65,536 tries, and hang up."""
        with self._connected() as connection:
            connection.sendall(self._message(self._large, self._headers))
            time.sleep(rng.uniform(0.0, 0.5))
        return "right"

    def _send_half_a_header(self, rng, session, stub) -> str:
        with self._connected() as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost:")
            time.sleep(rng.uniform(0.0, 1.0))
        return "right"


def _wanted(answer: requests.Response, status: int) -> str:
    if answer.status_code == status and "error" in answer.json():
        return "right"
    return f"{answer.status_code} {answer.text}"[:200]


class MemoryWatch:
    """Resident memory of a process and of those it has started, looked at while a block runs.

    Attributes:
        bytes: what was seen, in order.
    """

    def __init__(self, process_id: int) -> None:
        process = psutil.Process(process_id)
        self._processes = [process, *process.children(recursive=True)]
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.bytes: list[int] = []

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self.bytes.append(sum(each.memory_info().rss for each in self._processes))

    def tenths(self) -> list[float]:
        """The median of each tenth of the time."""
        return [float(np.median(part)) for part in np.array_split(self.bytes, 10)]

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()
