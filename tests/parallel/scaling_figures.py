"""Prints the figures of docs/how_to/scaling.md: what sharing work costs, beside what it saves.

Usage: python tests/parallel/scaling_figures.py [checks|sampling]
"""

import logging
import os
import pickle
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from PIL import Image, ImageDraw

from fag_tf.parallel.local_worker import LocalWorker
from fag_tf.parallel.ray_worker import RayWorker
from fag_tf.training.feasibility_checks import ParallelChecks, SerialChecks
from reference.dear_checks import Dear

SECONDS = 0.02
STATES, ACTIONS = 30, 16
PICTURES, FEW, UNIT = 384, 64, 8


def timed(call, *arguments):
    """Seconds and processor seconds of this process."""
    started, cpu = time.perf_counter(), time.process_time()
    call(*arguments)
    return time.perf_counter() - started, time.process_time() - cpu


def checks():
    """A round of collection with a check of 20 ms that needs no processor."""
    rng = np.random.default_rng(0)
    dear, free = Dear(seconds=SECONDS), Dear()
    states = dear.draw_states(rng, STATES)
    actions = dear.action_space.sample(rng, (STATES, ACTIONS))
    alone, _ = timed(SerialChecks(dear), states, actions)
    print(f"{STATES * ACTIONS} checks of {1e3 * SECONDS:.0f} ms in process: {alone:.2f} s")
    task = len(pickle.dumps((states[:1], actions[:1])))
    print(f"a task of one state and {ACTIONS} actions: {task} bytes")
    for kind in (LocalWorker, RayWorker):
        for workers in (2, 4, 8):
            shared = ParallelChecks(dear, workers, kind)
            started, _ = timed(shared, states[:1], actions[:1])
            seconds, cpu = min(timed(shared, states, actions) for _ in range(3))
            shared.close()
            efficiency = alone / workers / seconds
            print(
                f"{kind.__name__} x {workers}: {seconds:.2f} s, efficiency {efficiency:.0%}, "
                f"started in {started:.1f} s, this process {1e3 * cpu:.0f} ms"
            )
        empty = ParallelChecks(free, 2, kind)
        empty(states, actions)
        tasks = [(states[:1], actions[:1])] * 400
        seconds, cpu = min(timed(empty._pool.map, tasks) for _ in range(3))
        empty.close()
        print(
            f"{kind.__name__}: a task without work {1e3 * seconds / 400:.2f} ms, of this process "
            f"{1e3 * cpu / 400:.2f} ms of processor time"
        )


def sampling():
    """Grasps of pictures: one process here, then through Ray Data on the cores of this machine."""
    import ray

    from fag_tf.deployment import ray_sampling
    from fag_tf.deployment.grasp_sampling import GraspModel
    from fag_tf.deployment.picture_sampling import PictureSettings, picture_sampler
    from fag_tf.deployment.sampler import load_model

    model = GraspModel(load_model(None))
    settings = PictureSettings(64, 0, 0.5, model.gripper)
    with tempfile.TemporaryDirectory() as folder:
        pictures = []
        for number in range(PICTURES):
            image = Image.new("L", (256, 256), "white")
            box = (80 + number % 40, 100, 170, 130 + number % 20)
            ImageDraw.Draw(image).rectangle(box, fill="black")
            pictures.append(f"{folder}/{number:03}.png")
            image.save(pictures[-1])
        sampler = picture_sampler(model, settings)
        few = pictures[:FEW]

        def here():
            for at in range(0, FEW, 8):
                sampler.draw(few[at : at + 8])

        here()
        before, spent = timed(here)
        ends, cpus, sizes = [], [], []
        ray_sampling._MOST_A_UNIT = UNIT
        for drawn in ray_sampling.RaySampling(model.saved, settings).draw(pictures):
            ends.append(time.perf_counter())
            cpus.append(time.process_time())
            sizes += [len(part) for part in drawn.values()]
        after, _ = timed(here)
        # From the second unit on: before it, processes start and sessions load.
        share = PICTURES * (len(ends) - 2) / len(ends)
        print(
            f"here, pictures a second: {FEW / before:.1f} before, {FEW / after:.1f} after, "
            f"{1e3 * spent / FEW:.0f} ms of processor time a picture"
        )
        print(
            f"Ray Data, {ray.cluster_resources()['CPU']:.0f} cores: "
            f"{share / (ends[-1] - ends[1]):.1f} pictures a second, of the driver "
            f"{1e3 * (cpus[-1] - cpus[1]) / (len(ends) - 2):.1f} ms of processor time a unit of "
            f"{UNIT}, "
            f"{np.mean(sizes):.0f} bytes a picture"
        )


if __name__ == "__main__":
    import ray

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    what = sys.argv[1:] or ["checks", "sampling"]
    cores = 8 if what == ["checks"] else os.cpu_count()
    ray.init(
        "local",
        num_cpus=cores,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    for name in what:
        {"checks": checks, "sampling": sampling}[name]()
