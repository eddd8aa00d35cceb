"""The six rules of a grasp as they are written, one overlay at a time: slow and plain."""

import math

import shapely
from shapely import affinity

SMALLEST_AREA = 1e-14  # m2; an overlay's own rounding


def in_gripper_frame(part, action):
    """The part as the gripper sees it: u is the first coordinate, v the second."""
    x, y, theta = (float(value) for value in action)
    moved = affinity.translate(part, -x, -y)
    return affinity.rotate(moved, -theta, origin=(0, 0), use_radians=True)


def solid(geometry):
    """Only the pieces of positive area."""
    pieces = [
        piece
        for piece in shapely.get_parts(geometry)
        if piece.geom_type == "Polygon" and piece.area > SMALLEST_AREA
    ]
    return shapely.MultiPolygon(pieces)


def first_broken_rule(part, gripper, action, side=0.30):
    """Number of the first rule that one grasp of a part in the table's frame breaks; 0 if none."""
    if abs(action[0]) > side / 2 or abs(action[1]) > side / 2:
        return 1
    seen = in_gripper_frame(part, action)
    reach, half_pad = gripper.opening / 2, gripper.pad_width / 2
    outside = reach + gripper.finger_thickness
    for finger in (
        shapely.box(reach, -half_pad, outside, half_pad),
        shapely.box(-outside, -half_pad, -reach, half_pad),
    ):
        if seen.intersection(finger).area > SMALLEST_AREA:
            return 2
    held = solid(seen.intersection(shapely.box(-reach, -half_pad, reach, half_pad)))
    if held.is_empty:
        return 3
    first, _, last, _ = held.bounds
    depth = gripper.compliance
    patches = [
        solid(held.intersection(shapely.box(low, -half_pad, high, half_pad)))
        for low, high in ((first, first + depth), (last - depth, last))
    ]
    intervals = [(patch.bounds[1], patch.bounds[3]) for patch in patches]
    if min(high - low for low, high in intervals) < depth / gripper.friction:
        return 4
    (low_a, high_a), (low_b, high_b) = intervals
    if max(0.0, low_a - high_b, low_b - high_a) > gripper.friction * (last - first):
        return 5
    centroid = part.centroid
    dx, dy = centroid.x - action[0], centroid.y - action[1]
    if abs(math.cos(action[2]) * dy - math.sin(action[2]) * dx) > gripper.max_lever:
        return 6
    return 0


def occupancy(polygon, size, side=0.30):
    """Share of each pixel that a polygon covers, one intersection a pixel."""
    pixel = side / size
    return [
        [
            polygon.intersection(
                shapely.box(
                    -side / 2 + j * pixel,
                    side / 2 - (i + 1) * pixel,
                    -side / 2 + (j + 1) * pixel,
                    side / 2 - i * pixel,
                )
            ).area
            / pixel**2
            for j in range(size)
        ]
        for i in range(size)
    ]
