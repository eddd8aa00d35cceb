"""Draws docs/pictures/learning.webp: the samples of an actor while it learns all modes.

python tests/reference/pictures/learning.py [FILE] [STEPS]

The default actor learns `boxes` with three boxes. Two states that training has not seen are shown,
always with the same latents.
"""

import io
import sys

import numpy as np
import tensorflow as tf
from matplotlib.patches import Rectangle
from PIL import Image

import fag_tf as fag
from fag_tf._utils.figures import new_figure
from fag_tf.config.parsing import apply_settings, config_from_dict
from fag_tf.latents import draw_latent
from fag_tf.training.build import build_trainer

PAPER, INK, SOLID = "#fbfbf9", "#1b2a41", "#c9ced4"
RIGHT, WRONG = "#1f5fa8", "#c23b22"
SHOWN = 400
SETTINGS = (
    "actor.width=64",
    "actor.learning_rate={start=4e-3, end=4e-4, shape='cosine', begin=0.3}",
    "actor.average=0.9",
    "actor.density_sharpness=1.0",
    "critic.width=64",
    "critic.states=16",
    "critic.experiences=128",
    "critic.updates=1",
    "critic.learning_rate={start=8e-3, end=8e-4, shape='cosine', begin=0.3}",
    "critic.average=0.99",
    "critic.warmup_steps=50",
    "objective.num_supports=64",
    "objective.num_samples=128",
    "collect.states=8",
    "collect.initial_states=128",
    "collect.experiences=128",
    "trainer.batch=8",
    "trainer.compile=false",
)


def drawn(step):
    """Whether the samples after this step are a frame: dense at first, sparse later."""
    return step % (4 if step < 160 else 10 if step < 300 else 25) == 0


def picture(states, environment, actions, step, interactions):
    """One frame: the boxes and the samples of each state."""
    right = environment.feasibility(states, actions)
    figure = new_figure(6.4, 3.7)
    figure.set_facecolor(PAPER)
    for panel, state, dots, good in zip(figure.subplots(1, 2), states, actions, right, strict=True):
        panel.set(xlim=(-1, 1), ylim=(-1, 1), xticks=[], yticks=[], aspect="equal")
        panel.set_facecolor(PAPER)
        panel.spines[:].set_color(SOLID)
        for centre, half in zip(state.centres, state.half_widths, strict=True):
            panel.add_patch(Rectangle(centre - half, *(2 * half), facecolor=SOLID, edgecolor=INK))
        colours = np.where(good, RIGHT, WRONG)
        panel.scatter(*dots.T, s=5, c=colours, linewidths=0, alpha=0.85)
    figure.suptitle(
        f"step {step:,}   ·   {interactions:,} checks   ·   {np.mean(right):.2f} feasible",
        fontsize=11,
        color=INK,
    )
    image = io.BytesIO()
    figure.savefig(image, dpi=100, format="png")
    return Image.open(image).convert("RGB")


def main(path, steps):
    environment = fag.make_environment("boxes", {"num_boxes": 3})
    config = config_from_dict(apply_settings({}, [*SETTINGS, f"trainer.steps={steps}"]))
    trainer = build_trainer(config, environment)
    states = environment.draw_states(np.random.default_rng(4), 2)
    actor = trainer.learner.averaged_actor
    latent = tf.constant(draw_latent(0, 2, SHOWN, actor.latent_dim), tf.float32)
    observation = {name: tf.constant(each) for name, each in environment.observe(states).items()}
    act = tf.function(lambda: actor(observation, latent))
    frames = []

    def look():
        if drawn(trainer.step) and trainer.step >= config.critic.warmup_steps:
            frame = picture(states, environment, act().numpy(), trainer.step, trainer.interactions)
            frames.append(frame)
        return False

    trainer.run(stop=look)
    times = [90] * (len(frames) - 1) + [2500]
    first, *rest = frames
    first.save(
        path, save_all=True, append_images=rest, duration=times, loop=0, quality=60, method=6
    )


if __name__ == "__main__":
    target = sys.argv[1] if len(sys.argv) > 1 else "docs/pictures/learning.webp"
    main(target, int(sys.argv[2]) if len(sys.argv) > 2 else 600)
