"""Memory of the kernel mixture, forward and backward, with many samples."""

from fag_tf.experiments.benchmarks.probe import growth_exponent, probe
from fag_tf.experiments.benchmarks.registry import Conditions
from fag_tf.experiments.benchmarks.results import Figure, Target

__all__ = ["measure"]

SIZES = (2048, 4096, 8192, 16384)
QUICK_SIZES = (256, 512)
_LARGE = 3  # number of largest sizes that give the exponent


def measure(conditions: Conditions) -> list[Figure]:
    """Measure the figures of this benchmark."""
    sizes = QUICK_SIZES if conditions.quick else SIZES
    peaks = [probe(what="kernel", supports=size).peak for size in sizes]
    exponent = growth_exponent(sizes[-_LARGE:], peaks[-_LARGE:])
    return [
        Figure(
            f"kernel mixture, forward and backward, B=1 N=M={sizes[-1]}: peak memory above start",
            peaks[-1] / 1e9,
            "GB",
            against=f"N=M={sizes[-2]}",
            reference=peaks[-2] / 1e9,
            ratio=peaks[-1] / max(peaks[-2], 1.0),
            target=Target(1.5, of="value"),
        ),
        Figure(
            f"its growth with N=M up to {sizes[-1]}: e of memory ~ N^e",
            exponent,
            "1",
            against="blocks: O(N + M)",
            reference=1.0,
            ratio=exponent,
        ),
    ]
