"""Exact grasp checks a second on the nine objects of the labelled cases, one process.

Run: OMP_NUM_THREADS=1 python tests/benchmarks/feasibility_speed.py
"""

import json
import time
from pathlib import Path

import numpy as np
import shapely

from fag_tf.environments.planar_grasp.feasibility import feasibility
from fag_tf.environments.planar_grasp.gripper import Gripper

CASES = Path(__file__).parents[1] / "data" / "grasp_cases.json"
GRASPS = 100_000
REACH = 0.060


def main() -> None:
    """Print a line for each object and the mean over them."""
    cases = json.loads(CASES.read_text(encoding="utf-8"))["cases"]
    named = {c["object"]: c for c in cases if not c["object"].startswith("random")}
    rng = np.random.default_rng(0)
    rates = []
    for name, case in named.items():
        part = shapely.from_wkt(case["polygon_wkt"])
        radius = REACH * np.sqrt(rng.random(GRASPS))
        angle = rng.uniform(0, 2 * np.pi, GRASPS)
        actions = np.stack(
            [
                part.centroid.x + radius * np.cos(angle),
                part.centroid.y + radius * np.sin(angle),
                rng.uniform(0, np.pi, GRASPS),
            ],
            axis=1,
        )
        times = []
        for _ in range(5):
            start = time.perf_counter()
            share = feasibility(part, Gripper(**case["gripper"]), actions).mean()
            times.append(time.perf_counter() - start)
        rates.append(GRASPS / np.median(times))
        print(f"{name:8s} {rates[-1]:12,.0f} grasps/s, {share:.3f} feasible")
    print(f"all nine {len(rates) / np.sum(1 / np.array(rates)):12,.0f} grasps/s")


if __name__ == "__main__":
    main()
