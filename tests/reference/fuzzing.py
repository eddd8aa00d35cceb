"""Fuzzing of readers in child processes: inputs go in, faults come out.

A fault is anything but an answer or an `InputError` of one plain line: another exception, a crash,
a warning or a print that leaks out, too much memory, too much time.
"""

import itertools
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from fag_tf.deployment.model_folders import shipped_model
from reference.fuzz_mutations import mutated
from reference.fuzz_readers import READERS

CORPUS = Path(__file__).parents[1] / "data" / "fuzz"
SECONDS, MEMORY = 10, 1 << 30
"""What one input may take: s of the processor, and bytes."""

_MOST_KEPT, _MOST_GROWN = 300, 1 << 18
_STUCK = 900.0  # s of the clock without an answer: it waits for something


@dataclass
class Fault:
    """What was found.

    Attributes:
        reader: name of the reader.
        where: kind of the fault and its place; faults of the same are counted once.
        why: message or traceback.
        data: the input.
    """

    reader: str
    where: str
    why: str
    data: bytes


@dataclass
class Findings:
    """What a campaign has seen.

    Attributes:
        faults: one of each kind, by reader and place.
        inputs: number of inputs by reader and outcome.
        slowest: most seconds of one input, by reader.
        largest: most memory of one input, bytes, by reader.
    """

    faults: dict[tuple[str, str], Fault] = field(default_factory=dict)
    inputs: Counter[tuple[str, str]] = field(default_factory=Counter)
    slowest: dict[str, float] = field(default_factory=dict)
    largest: dict[str, int] = field(default_factory=dict)


class Child:
    """A process of `fuzz_child.py`, started again whenever an input has ended it."""

    def __init__(self, readers: list[str]) -> None:
        self._readers = readers
        self._folder = tempfile.TemporaryDirectory(prefix="fuzz-")
        self._process: subprocess.Popen[str] | None = None

    def ask(self, reader: str, data: bytes) -> dict:
        """The outcome of one input."""
        process = self._running()
        path = Path(self._folder.name) / READERS[reader].file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        process.stdin.write(f"{reader} {path}\n")
        process.stdin.flush()
        killer = None
        line = ""
        try:
            killer = threading.Timer(_STUCK, process.kill)
            killer.start()
            line = process.stdout.readline()
        finally:
            killer.cancel()
        if line:
            return json.loads(line)
        code = process.wait()
        self._process = None
        told = (Path(self._folder.name) / "hang").read_text()
        lines = [each for each in told.splitlines() if "/fag_tf/" in each or "File" in each]
        own = next((each for each in lines if "/fag_tf/" in each), "outside").strip()
        kind = "hangs" if code in (-24, -9) else f"crashes by signal {-code}"
        return {"outcome": "fault", "where": f"{kind}, {own}", "why": told[:3000]}

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            command = [sys.executable, "-m", "reference.fuzz_child", self._folder.name]
            command += [str(SECONDS), str(MEMORY), ",".join(self._readers)]
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=Path(__file__).parents[1],
            )
            assert self._process.stdout.readline() == "ready\n"
        return self._process

    def close(self) -> None:
        if self._process is not None:
            self._process.stdin.close()
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:  # it has answered all; leaving is TensorFlow's affair
                self._process.kill()
                self._process.wait()
            self._process.stdout.close()
        self._folder.cleanup()


def corpus(reader: str) -> list[bytes]:
    """The kept inputs of a reader, small files; for a model's large ones those that are shipped."""
    if not (CORPUS / reader).is_dir():
        return [(shipped_model() / "1" / READERS[reader].file).read_bytes()]
    return [path.read_bytes() for path in sorted((CORPUS / reader).iterdir())]


def replay(reader: str, data: bytes) -> dict:
    """The outcome of one input, in a child of its own."""
    child = Child([reader])
    try:
        return child.ask(reader, data)
    finally:
        child.close()


def campaign(readers: list[str], seconds: float, seed: int, report=lambda fault: None) -> Findings:
    """Read all kept inputs, then mutations of them in turn, for a time.

    An input with an answer not seen before joins those that are changed further.
    """
    rng = random.Random(seed)
    pools = {reader: corpus(reader) for reader in readers}
    seen: set[tuple[str, str]] = set()
    findings = Findings()
    child = Child(readers)

    def look(reader: str, data: bytes) -> None:
        answer = child.ask(reader, data)
        outcome = answer["outcome"]
        findings.inputs[reader, outcome] += 1
        for most, key in ((findings.slowest, "seconds"), (findings.largest, "bytes")):
            most[reader] = max(most.get(reader, 0), answer.get(key, 0))
        if outcome == "fault":
            fault = Fault(reader, answer["where"], answer["why"], data)
            if (reader, fault.where) not in findings.faults:
                findings.faults[reader, fault.where] = fault
                report(fault)
            return
        kind = (reader, re.sub(r"'[^']*'|\"[^\"]*\"|[-\d.e+,]+|/\S+", "", answer["why"])[:120])
        if kind not in seen and len(data) < _MOST_GROWN:
            seen.add(kind)
            pools[reader].append(data)
            del pools[reader][_MOST_KEPT:]

    try:
        for reader in readers:
            for data in list(pools[reader]):
                look(reader, data)
        end = time.monotonic() + seconds
        for reader in itertools.cycle(readers):
            if time.monotonic() >= end:
                return findings
            pool = pools[reader]
            look(reader, mutated(rng.choice(pool), pool, rng))
    finally:
        child.close()
    raise AssertionError("a cycle ends")
