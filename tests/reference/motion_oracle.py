"""The rules of both motion environments, one action and one number at a time, after their text.

`slack` is the distance of the closest decision from its bound: where it is below a rounding error,
either verdict is right.
"""

import itertools
import json
import math
from pathlib import Path

import numpy as np

DATA = Path(__file__).parents[1] / "data" / "motion_cases.json"


def cases(name, state_names):
    """States as arrays `[B, ...]` by name, actions `[B, E, A]` and rules `[B, E]` of the file.

    States have different numbers of actions; the first ones of a state are repeated at its end.
    """
    given = json.loads(DATA.read_text())[name]
    most = max(len(each["rule"]) for each in given)

    def filled(rows):
        return [rows[index % len(rows)] for index in range(most)]

    states = [np.array([each[key] for each in given], float) for key in state_names]
    actions = np.array([filled(each["actions"]) for each in given], float)
    return states, actions, np.array([filled(each["rule"]) for each in given])


def bezier(points, u):
    """Position, velocity and acceleration of a cubic by de Casteljau's definition."""
    b0, b1, b2, b3 = points
    position, velocity, acceleration = [], [], []
    for a, b, c, d in zip(b0, b1, b2, b3, strict=True):
        v = 1.0 - u
        position.append(v**3 * a + 3 * v * v * u * b + 3 * v * u * u * c + u**3 * d)
        velocity.append(3 * (v * v * (b - a) + 2 * v * u * (c - b) + u * u * (d - c)))
        acceleration.append(6 * (v * (c - 2 * b + a) + u * (d - 2 * c + b)))
    return position, velocity, acceleration


def path_rule(pose, obstacles, action):
    """First broken rule of a path, and the slack."""
    slack = min(1.0 - abs(value) for value in action)
    if slack < 0.0:
        return 1, -slack
    length = 0.15
    x, y, cos, sin = pose
    ahead = length * (action[0] + 1.0) / 2.0
    control = [
        (x, y),
        (x + ahead * cos, y + ahead * sin),
        (x + 1.5 * length * action[1], y + 1.5 * length * action[2]),
        (x + 1.5 * length * action[3], y + 1.5 * length * action[4]),
    ]
    looked = [bezier(control, index / 63.0) for index in range(64)]
    points = [each[0] for each in looked]
    walked = sum(math.dist(one, two) for one, two in itertools.pairwise(points))
    here = min(walked - length, 1.5 * length - walked)
    slack = min(slack, abs(here))
    if here <= 0.0:
        return 2, slack
    for _, (vx, vy), (ax, ay) in looked:
        speed = math.hypot(vx, vy)
        here = -math.inf if speed == 0.0 else 24.0 - abs(vx * ay - vy * ax) / speed**3
        slack = min(slack, abs(here))
        if here < 0.0:
            return 3, slack
    for px, py in points:
        here = min(px, py, 1.0 - px, 1.0 - py)
        slack = min(slack, abs(here))
        if here < 0.0:
            return 4, slack
    for px, py in points:
        for cx, cy, half_width, half_height in obstacles:
            if half_width == 0.0:
                continue
            deep = min(half_width - abs(px - cx), half_height - abs(py - cy))
            slack = min(slack, abs(deep))
            if deep > 0.0:
                return 5, slack
    return 0, slack


JOINTS = [
    (0.0, 0.333, 0.0),
    (0.0, 0.0, -math.pi / 2),
    (0.0, 0.316, math.pi / 2),
    (0.0825, 0.0, math.pi / 2),
    (-0.0825, 0.384, -math.pi / 2),
    (0.0, 0.0, math.pi / 2),
    (0.088, 0.0, math.pi / 2),
    (0.0, 0.107, 0.0),
]
LIMITS = [
    (-2.7437, 2.7437),
    (-1.7837, 1.7837),
    (-2.9007, 2.9007),
    (-3.0421, -0.1518),
    (-2.8065, 2.8065),
    (0.5445, 4.5169),
    (-3.0159, 3.0159),
]


def arm_frames(joints):
    """Frames 0 to 8 as matrices `[4, 4]`, by products of the modified parameters' matrices."""
    frames = [np.eye(4)]
    for (a, d, alpha), angle in zip(JOINTS, [*joints, 0.0], strict=True):
        ca, sa, ct, st = math.cos(alpha), math.sin(alpha), math.cos(angle), math.sin(angle)
        step = [
            [ct, -st, 0.0, a],
            [st * ca, ct * ca, -sa, -d * sa],
            [st * sa, ct * sa, ca, d * ca],
            [0.0, 0.0, 0.0, 1.0],
        ]
        frames.append(frames[-1] @ np.array(step))
    return frames


def arm_segments(joints):
    """The six segments of the links, each two points."""
    frames = arm_frames(joints)
    at = [frame[:3, 3] for frame in frames]
    elbow = (frames[4] @ [-0.0825, 0.0, 0.0, 1.0])[:3]
    pairs = ((at[0], at[1]), (at[2], at[3]), (at[3], at[4]), (elbow, at[5]), (at[6], at[7]))
    return [*pairs, (at[7], at[8])]


def segment_distance(begin, end, point):
    """Distance of a point from a segment, by the three cases where the nearest point may be."""
    along = (point - begin) @ (end - begin)
    if along <= 0.0:
        return np.linalg.norm(point - begin)
    if along >= (end - begin) @ (end - begin):
        return np.linalg.norm(point - end)
    return np.linalg.norm(np.cross(end - begin, point - begin)) / np.linalg.norm(end - begin)


def arm_rule(joints, spheres, action):
    """First broken rule of a motion, and the slack."""
    slack = min(math.pi / 4 - abs(value) for value in action)
    if slack < 0.0:
        return 1, -slack
    after = [angle + change for angle, change in zip(joints, action, strict=True)]
    here = min(min(q - low, high - q) for q, (low, high) in zip(after, LIMITS, strict=True))
    slack = min(slack, abs(here))
    if here < 0.0:
        return 2, slack
    for one, two in zip(arm_frames(joints), arm_frames(after), strict=True):
        here = 0.15 - math.dist(one[:3, 3], two[:3, 3])
        slack = min(slack, abs(here))
        if here <= 0.0:
            return 3, slack
    for begin, end in arm_segments(after):
        for *centre, radius in spheres:
            if radius == 0.0:
                continue
            gap = segment_distance(begin, end, np.array(centre)) - radius - 0.05
            slack = min(slack, abs(gap))
            if gap <= 0.0:
                return 4, slack
    return 0, slack
