"""How far off the kernel density of perfect samples is, against dimension and their number.

    python tests/experiments/benchmarks/kernel_error.py

For islands of 5% of the space: the bandwidth that is best, and the mean distance between the
logarithms of estimate and truth at fresh draws, in nats. 0.7 nats is a factor of two.
"""

import numpy as np
from scipy.spatial import distance
from scipy.special import logsumexp

from fag_tf.environments.toys.islands import Islands

NUMBERS = (128, 512, 2048)
BANDWIDTHS = np.geomspace(0.01, 1.0, 25)


def errors(dim: int, number: int) -> np.ndarray:
    """Mean absolute error of the log density for each bandwidth, over eight states."""
    islands = Islands(dim)
    rng = np.random.default_rng(dim)
    found = []
    for state in islands.draw_states(rng, 8):
        supports = islands.sample_feasible(rng, state, number)
        points = islands.sample_feasible(rng, state, 512)
        squared = distance.cdist(points, supports, "sqeuclidean")
        true = -np.log(islands.volume(state))
        row = []
        for sigma in BANDWIDTHS:
            density = logsumexp(-0.5 * squared / sigma**2, axis=1) - np.log(number)
            density -= dim * np.log(sigma * np.sqrt(2.0 * np.pi))
            row.append(np.mean(np.abs(density - true)))
        found.append(row)
    return np.mean(found, axis=0)


def main() -> None:
    """Print the table."""
    at_fixed = int(np.argmin(np.abs(BANDWIDTHS - 0.03)))
    head = "".join(f"   N={n}: best sigma, error; at {BANDWIDTHS[at_fixed]:.2f}" for n in NUMBERS)
    print(f"axes{head}")
    for dim in (1, 2, 4, 8, 16):
        cells = []
        for number in NUMBERS:
            error = errors(dim, number)
            best = int(np.argmin(error))
            shown = f"{BANDWIDTHS[best]:.2f} {error[best]:6.2f} {error[at_fixed]:8.1f}"
            cells.append(f"{shown:>34}")
        print(f"{dim:4d}{''.join(cells)}", flush=True)


if __name__ == "__main__":
    main()
