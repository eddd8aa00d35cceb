"""`fag-tf check`: the exact verdict on given grasps."""

import click

from fag_tf.cli.options import FileOptions, gathered, gripper_option, object_options, report

__all__ = ["command"]


@click.command("check")
@object_options(required=True)
@click.option(
    "--actions",
    "actions_path",
    required=True,
    metavar="CSV",
    help="Grasps: columns x,y,theta (m, rad); others are passed over. - reads standard input.",
)
@click.option(
    "--obstacles",
    metavar="FILE",
    help="A drawing of what no finger may meet, in the frame of --object and read with its "
    "--units and --scale.",
)
@gripper_option(default="robotiq_2f85")
@gathered(file=FileOptions)
def command(
    part: str,
    file: FileOptions,
    actions_path: str,
    obstacles: str | None,
    gripper: str | None,
) -> None:
    """Give the exact verdict on grasps of an object.

    Prints CSV x,y,theta,feasible,rule,broken: feasible is 0 or 1; rule is the number of the first
    rule that is broken (1 in reach, 2 clear, 3 something to hold, 4 both pads seat, 5 they oppose,
    6 level, 7 misses the neighbours), and broken says it in words. Both are empty if none is. The
    neighbours are --obstacles and the other parts of --object's file. One of several parts that
    lies off the table has the table put around it, as fag-tf sample does.
    """
    import shapely

    from fag_tf.deployment.sample_files import read_actions
    from fag_tf.environments.planar_grasp.feasibility.obstacles import clear_of
    from fag_tf.environments.planar_grasp.feasibility.rules import RULES, first_broken_rule
    from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, parse_gripper
    from fag_tf.environments.planar_grasp.parts.objects import read_drawing, read_with_neighbours
    from fag_tf.environments.planar_grasp.workspace import table_middle

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
    broken[(broken == 0) & ~clear_of(others, polygon, jaw, actions)] = len(RULES)
    rules = (*RULES, "meets a neighbour")
    click.echo("x,y,theta,feasible,rule,broken")
    for texts, rule in zip(table.texts, broken.tolist(), strict=True):
        # What stands before the colon is the rule's name; no name holds a comma.
        told = [str(rule), rules[rule].partition(":")[0]] if rule else ["", ""]
        click.echo(",".join([*texts, str(int(rule == 0)), *told]))
    for note in notes:
        report(f"Note: {note}")
    report(f"{int((broken == 0).sum())} of {len(broken)} grasps are feasible")
