"""`fag-tf check`: the exact verdict on given grasps, and that of a simulation."""

from typing import TYPE_CHECKING

import click

from fag_tf.cli.options import FileOptions, gathered, gripper_option, object_options, report
from fag_tf.cli.physics_options import PhysicsOptions, physics_options

if TYPE_CHECKING:
    import numpy as np
    import shapely
    from numpy.typing import NDArray

    from fag_tf.environments.planar_grasp.gripper import Gripper
    from fag_tf.environments.planar_grasp.physics.simulation import GraspOutcome

__all__ = ["command"]

_PHYSICS_COLUMNS = ("physics", "slip_mm", "slip_deg", "failure")


@click.command("check")
@object_options(required=True)
@click.option(
    "--actions",
    "actions_path",
    required=True,
    metavar="CSV",
    help="Grasps with the columns x,y,theta (m, rad). Other columns are ignored. - reads "
    "the standard input.",
)
@click.option(
    "--obstacles",
    metavar="FILE",
    help="A drawing of obstacles that no finger may touch, in the frame of --object. It is "
    "read with the same --units and --scale.",
)
@gripper_option(default="robotiq_2f85")
@physics_options
@gathered(file=FileOptions, physics=PhysicsOptions)
def command(
    part: str,
    file: FileOptions,
    actions_path: str,
    obstacles: str | None,
    gripper: str | None,
    physics: PhysicsOptions,
) -> None:
    """Check grasps of an object by the exact rules.

    Prints CSV with x,y,theta,feasible,rule,broken. feasible is 0 or 1. rule is the number of the
    first broken rule: 1 in reach, 2 clear, 3 something to hold, 4 both pads seat, 5 they oppose, 6
    level, 7 misses the neighbours. broken describes it in words. Both are empty if no rule is
    broken. Neighbours are --obstacles and the other parts of --object's file. If one of several
    parts is off the table, the table is moved to it, as in fag-tf sample.

    --physics adds physics,slip_mm,slip_deg,failure: whether the part stays in the jaw while it is
    lifted and shaken, how far it slid and turned there, and what went wrong. Grasps that break rule
    1, 2, 3 or 7 are not simulated, because the jaw cannot reach them.
    """
    import shapely

    from fag_tf.deployment.sample_files import read_actions
    from fag_tf.environments.planar_grasp.feasibility.obstacles import clear_of
    from fag_tf.environments.planar_grasp.feasibility.rules import RULES, first_broken_rule
    from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, parse_gripper
    from fag_tf.environments.planar_grasp.parts.objects import read_drawing, read_with_neighbours
    from fag_tf.environments.planar_grasp.physics.checks import LAST_OUTLINE_RULE
    from fag_tf.environments.planar_grasp.workspace import table_middle

    physics.check()
    jaw = DEFAULT_GRIPPER if gripper is None else parse_gripper(gripper)
    _, polygon, neighbours, notes = read_with_neighbours(part, **vars(file))
    if obstacles is not None:
        neighbours += tuple(read_drawing(obstacles, file.units, file.scale))
    table = read_actions(actions_path, ("x", "y", "theta"))
    x, y = table_middle(polygon, alone=not neighbours)
    polygon, *others = (
        shapely.transform(each, lambda xy: xy - [x, y]) for each in (polygon, *neighbours)
    )
    actions = table.actions - [x, y, 0.0]
    broken = first_broken_rule(polygon, jaw, actions)
    beside = clear_of(others, polygon, jaw, actions)
    broken[(broken == 0) & ~beside] = len(RULES)
    rules = (*RULES, "meets a neighbour")
    opinions: list[GraspOutcome | None] = [None] * len(broken)
    if physics.physics:
        reached = beside & ((broken == 0) | (broken > LAST_OUTLINE_RULE))
        opinions = _simulate(polygon, jaw, actions, reached.tolist(), physics)
    columns = ("x,y,theta,feasible,rule,broken", *(_PHYSICS_COLUMNS if physics.physics else ()))
    click.echo(",".join(columns))
    # What stands before the colon is the rule's name; no name holds a comma.
    names = ["", *(rule.partition(":")[0] for rule in rules[1:])]
    for number, (texts, rule) in enumerate(zip(table.texts, broken.tolist(), strict=True)):
        told = [str(rule) if rule else "", names[rule]]
        # The jaw gets to a grasp that breaks a later rule unless a neighbour is in its way.
        blocked = names[rule if rule <= LAST_OUTLINE_RULE else len(RULES)]
        second = _cells(opinions[number], blocked) if physics.physics else []
        click.echo(",".join([*texts, str(int(rule == 0)), *told, *second]))
    for note in notes:
        report(f"Note: {note}")
    report(f"{int((broken == 0).sum())} of {len(broken)} grasps are feasible")
    if physics.physics:
        held = [opinion is not None and opinion.holds for opinion in opinions]
        agreed = sum(held[number] for number in (broken == 0).nonzero()[0])
        report(f"{sum(held)} hold in simulation, {agreed} of them feasible by the rules")


def _simulate(
    part: "shapely.Polygon",
    gripper: "Gripper",
    actions: "NDArray[np.float64]",
    reached: list[bool],
    options: PhysicsOptions,
) -> "list[GraspOutcome | None]":
    """What the simulation says of each grasp, None of those that the jaw does not reach."""
    from fag_tf.environments.planar_grasp.physics.checks import GraspChecks, PartGrasps

    settings = options.settings()
    checks = GraspChecks(settings, options.workers or 1)
    (found,) = checks.outcomes([PartGrasps(part, gripper, actions[reached])])
    left = iter(found)
    opinions = [next(left) if simulated else None for simulated in reached]
    if options.out is not None:
        from fag_tf._utils.figures import save_figure
        from fag_tf.environments.planar_grasp.physics.drawing import outcome_figure

        named = [(f"grasp {k}", each) for k, each in enumerate(opinions, 1) if each is not None]
        if named:
            save_figure(outcome_figure(part, gripper, settings, named), options.out)
        else:
            report(f"Note: the jaw reaches none of the grasps, so {options.out} is not drawn")
    return opinions


def _cells(opinion: "GraspOutcome | None", blocked: str) -> list[str]:
    """The columns of a simulation; `blocked` is why there was none."""
    if opinion is None:
        return ["0", "", "", blocked]
    slid = [f"{1e3 * opinion.slip:.3f}", f"{opinion.turn:.2f}"] if opinion.closed else ["", ""]
    return [str(int(opinion.holds)), *slid, opinion.failure]
