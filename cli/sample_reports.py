"""What `fag-tf sample` says of the grasps of one scene."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fag_tf.cli.sample_options import Drawing
    from fag_tf.deployment.verified_sampling import GraspSamples
    from fag_tf.environments.planar_grasp.gripper import Gripper
    from fag_tf.environments.planar_grasp.table_scene import Scene

__all__ = ["grasps_text", "none_text", "summary"]


def grasps_text(number: int) -> str:
    """How many grasps there are."""
    return f"{number} grasp" + "s" * (number != 1)


def none_text(found: "GraspSamples", drawing: "Drawing", seed: int) -> str:
    """Why there is no grasp."""
    if found.verified:
        return (
            f"no grasp holds: {found.reason} (none of the model's {found.tries} nor of "
            f"{found.exact_tries} others tried holds by the exact rules, seed {seed})"
        )
    if found.reason:
        return (
            f"no grasp holds by the outline traced in the picture: {found.reason} "
            f"({found.tries} tried, seed {seed})"
        )
    return (
        f"no grasp: none of {found.tries} tried reaches feasibility "
        f"{drawing.min_feasibility:g} (best {found.best:.2g}, seed {seed})"
    )


def summary(
    scene: "Scene",
    found: "GraspSamples",
    jaw: "Gripper",
    drawing: "Drawing",
    seed: int,
    where: str,
) -> list[str]:
    """How many grasps there are, of how many tries, and what they hold by."""
    number = len(found.action)
    threshold = f"(feasibility >= {drawing.min_feasibility:g}, seed {seed})"
    if found.filled:
        steps = max(0, found.filled - found.exact_found)
        reached = f" and {steps} by small steps between those that hold" if steps else ""
        own = number - found.filled
        return [
            f"{grasps_text(number)}{where}: {own} of the model's from {found.tries} "
            f"tried {threshold}, {found.filled} by the exact rules alone from {found.exact_tries} "
            f"tried{reached}",
            "all hold by the exact rules",
        ]
    fewer = (
        f", fewer than the {drawing.count} wanted: the bound of tries is reached"
        if number < drawing.count
        else ""
    )
    sentences = [f"{grasps_text(number)}{where} from {found.tries} tried{fewer} {threshold}"]
    if found.verified:
        sentences.append("all hold by the exact rules")
    elif found.traced:
        sentences.append("all hold by the exact rules on the outline traced in the picture")
    elif scene.part is not None:
        from fag_tf.environments.planar_grasp.feasibility.rules import feasibility

        exact = int(feasibility(scene.part, jaw, found.action).sum())
        sentences.append(f"the exact rules accept {exact}")
    return sentences
