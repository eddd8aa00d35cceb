"""Draws docs/pictures/divergences.png: what three divergences do with two modes of unequal mass.

python tests/reference/pictures/divergences.py [FILE]

Above: the bump of two numbers, its middle and width, whose divergence from the target is least, by
integration on a grid. Below: samples of implicit actors, each trained with one divergence on two
boxes as `fag-tf study divergence` trains them.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from matplotlib.patches import Rectangle
from PIL import Image

import fag_tf as fag
from fag_tf._utils.figures import new_figure, save_figure
from fag_tf.config.parsing import apply_settings
from fag_tf.experiments.studies.questions import TOY_STUDIES

PAPER, INK, SOLID = "#fbfbf9", "#1b2a41", "#c9ced4"
RIGHT, WRONG = "#1f5fa8", "#c23b22"
NAMES = {"kl_forward": "forward KL", "jensen_shannon": "Jensen-Shannon", "kl_reverse": "reverse KL"}
PLACES = np.linspace(-1.0, 1.0, 801)
STATE = 4  # of the states that seed 0 draws


def target():
    """The density that is uniform on a long and a short interval."""
    inside = ((PLACES > -0.7) & (PLACES < -0.1)) | ((PLACES > 0.45) & (PLACES < 0.65))
    return np.maximum(inside, 1e-3) / np.sum(np.maximum(inside, 1e-3) * np.gradient(PLACES))


def best_bump(name):
    """The Gaussian of the least divergence, cut off at the ends of the axis."""
    middles, widths = np.meshgrid(np.linspace(-0.9, 0.9, 91), np.geomspace(0.03, 1.0, 60))
    log_q = -0.5 * ((PLACES - middles[..., None]) / widths[..., None]) ** 2
    step = np.gradient(PLACES)
    log_q -= np.log(np.sum(np.exp(log_q) * step, axis=-1, keepdims=True))
    log_q = np.maximum(log_q, -60.0)
    log_ratio = tf.constant(np.log(target()) - log_q)
    value = np.exp(log_q) * getattr(tfp.vi, name)(log_ratio).numpy()
    return np.exp(log_q).reshape(-1, len(PLACES))[np.argmin(np.sum(value * step, axis=-1))]


def samples_of(name, folder, environment, state):
    """Samples `[600, 2]` of an actor that was trained with one divergence."""
    study = TOY_STUDIES["divergence"]()
    (case,) = (each for each in study.cases if each.name == name)
    config = apply_settings({}, [*study.settings, *case.settings])
    run = fag.train(environment, out=folder / name, config=config)
    return run.policy()(environment.observe([state]), 600, 0)[0][0]


def main(path):
    environment = fag.make_environment("boxes", {"num_boxes": 2})
    state = environment.draw_states(np.random.default_rng(0), 8)[STATE]
    figure = new_figure(8.4, 4.6)
    figure.set_facecolor(PAPER)
    rows = figure.subplots(2, 3, height_ratios=(1.0, 2.2))
    with tempfile.TemporaryDirectory() as folder:
        for (above, below), (name, title) in zip(rows.T, NAMES.items(), strict=True):
            for panel in (above, below):
                panel.set(xticks=[], yticks=[], facecolor=PAPER)
                panel.spines[:].set_color(SOLID)
            above.fill_between(PLACES, target(), color=SOLID, linewidth=0)
            above.plot(PLACES, best_bump(name), color=RIGHT)
            above.set(xlim=(-1, 1), ylim=(0, 3.2))
            above.set_title(title, fontsize=11, color=INK)
            for centre, half in zip(state.centres, state.half_widths, strict=True):
                box = Rectangle(centre - half, *(2 * half), facecolor=SOLID, edgecolor=INK)
                below.add_patch(box)
            actions = samples_of(name, Path(folder), environment, state)
            right = environment.feasibility([state], actions[None])[0]
            for chosen, colour in ((right, RIGHT), (~right, WRONG)):
                below.scatter(*actions[chosen].T, s=4, color=colour, linewidths=0, alpha=0.8)
            below.set(xlim=(-1, 1), ylim=(-1, 1), aspect="equal")
            below.set_xlabel(f"{np.mean(right):.2f} feasible", color=INK)
    save_figure(figure, path, dpi=130)
    Image.open(path).convert("RGB").quantize(255).save(path, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures/divergences.png")
