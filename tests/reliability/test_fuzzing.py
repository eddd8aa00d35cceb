"""Every reader of what strangers may hand over: an answer or one plain line, in bounded time.

Kept inputs, among them all that were found to do otherwise, and changes of them at random. The long
form, with the readers that need TensorFlow or ONNX Runtime besides:
`FAG_TF_FUZZ_SECONDS=3600 pytest -s tests/reliability/test_fuzzing.py`.
"""

import os
import random
import tracemalloc

import pytest

from reference.fuzz_mutations import mutated
from reference.fuzz_readers import READERS
from reference.fuzzing import MEMORY, SECONDS, campaign

LONG = float(os.environ.get("FAG_TF_FUZZ_SECONDS", "0"))
SEED = int(os.environ.get("FAG_TF_FUZZ_SEED", "0"))
SHORT = 4.0  # s
FAST = [name for name, reader in READERS.items() if not reader.slow]
SLOW = [name for name, reader in READERS.items() if reader.slow]


def check(readers, seconds):
    findings = campaign(readers, seconds, SEED, lambda fault: print(fault.where, fault.why))
    for reader in readers:
        counts = {kind: count for (name, kind), count in findings.inputs.items() if name == reader}
        most = f"{findings.slowest[reader]:.2f} s, {findings.largest[reader] >> 20} MB"
        print(f"{reader}: {counts}, at most {most}")
    assert not findings.faults
    assert max(findings.slowest.values()) < SECONDS
    assert max(findings.largest.values()) < MEMORY
    return findings


def test_changes_do_not_outgrow_the_memory():
    class Greedy(random.Random):
        """Makes the first list a hundred times as long whenever it can."""

        def choice(self, given):
            return given[0] if isinstance(given[0], tuple) else given[-1]

        def randrange(self, *bounds):
            return 2

        def random(self):
            return 0.5

    nested = b"[[[[[1, 2]]]]]"
    tracemalloc.start()
    assert len(mutated(nested, [nested], Greedy())) <= 1 << 22
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 28


@pytest.mark.slow
def test_no_reader_of_files_and_bodies_fails_on_what_it_reads():
    findings = check(FAST, 0.75 * LONG or SHORT)
    for reader in FAST:  # else nothing was tried but errors
        assert findings.inputs[reader, "read"], reader


@pytest.mark.slow
@pytest.mark.skipif(not LONG, reason="loads TensorFlow; FAG_TF_FUZZ_SECONDS asks for it")
def test_no_reader_of_models_and_checkpoints_fails_on_what_it_reads():
    check(SLOW, 0.25 * LONG)
