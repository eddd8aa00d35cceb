import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.robot_frame import RobotFrame, read_robot_frame
from fag_tf.errors import InputError

CORNERS = np.array([(-0.15, 0.1), (0.15, 0.1), (0.15, -0.1), (-0.15, -0.1)])


def rotation(roll, pitch, yaw):
    (a, b), (c, d), (e, f) = ((np.cos(t), np.sin(t)) for t in (roll, pitch, yaw))
    return (
        np.array([[e, -f, 0], [f, e, 0], [0, 0, 1]])
        @ np.array([[c, 0, d], [0, 1, 0], [-d, 0, c]])
        @ np.array([[1, 0, 0], [0, a, -b], [0, b, a]])
    )


def moved(turn, shift, points):
    return np.column_stack([points, np.zeros(len(points))]) @ turn.T + shift


@pytest.fixture
def file(tmp_path):
    def write(content, name="robot.toml"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def points(table, robot):
    return {"table": np.asarray(table).tolist(), "robot": np.asarray(robot).tolist()}


@given(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.floats(-3.1, 3.1), st.floats(-1, 1))
@settings(max_examples=30)
def test_touched_points_give_back_the_motion_that_made_them(tmp_path_factory, a, b, c, x):
    turn, shift = rotation(a, b, c), np.array([x, 0.4, -0.02])
    path = tmp_path_factory.mktemp("robot") / "robot.json"
    path.write_text(json.dumps(points(CORNERS, moved(turn, shift, CORNERS))))
    frame = read_robot_frame(path)
    np.testing.assert_allclose(frame.matrix[:3, :3], turn, atol=1e-9)
    np.testing.assert_allclose(frame.matrix[:3, 3], shift, atol=1e-9)
    assert frame.residual < 1e-9


def test_grasps_go_where_the_table_goes_and_a_half_turn_is_the_same_grasp():
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation(0, 0, np.pi / 2), (0.5, 0.0, 0.1)
    frame = RobotFrame(matrix, None, ())
    found = frame.of(np.array([[0.1, 0.0, 0.0], [0.0, 0.2, 3.0]]))
    np.testing.assert_allclose(found["robot_x"], [0.5, 0.3], atol=1e-12)
    np.testing.assert_allclose(found["robot_y"], [0.1, 0.0], atol=1e-12)
    np.testing.assert_allclose(found["robot_z"], 0.1)
    np.testing.assert_allclose(found["robot_yaw"], [-np.pi / 2, 3.0 - np.pi / 2], atol=1e-12)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "0 -1 0 0.5\n1 0 0 0\n0 0 1 0.1\n0 0 0 1\n"),
        ("a.csv", "0,-1,0,0.5\n1,0,0,0\n0,0,1,0.1\n0,0,0,1\n"),
        ("a.toml", "matrix = [[0, -1, 0, 0.5], [1, 0, 0, 0], [0, 0, 1, 0.1], [0, 0, 0, 1]]\n"),
        ("a.json", '{"matrix": [[0, -1, 0, 0.5], [1, 0, 0, 0], [0, 0, 1, 0.1], [0, 0, 0, 1]]}'),
    ],
)
def test_a_matrix_is_read_from_text_toml_and_json(file, name, text):
    frame = read_robot_frame(file(text, name))
    np.testing.assert_array_equal(frame.matrix[:3, 3], [0.5, 0, 0.1])
    np.testing.assert_array_equal(frame.matrix[0], [0, -1, 0, 0.5])
    assert (frame.residual, frame.notes) == (None, ())


def test_a_small_error_of_touching_is_the_residual(file):
    robot = moved(rotation(0, 0, 0.4), [0.4, 0, 0], CORNERS)
    robot[1, 0] += 0.002
    frame = read_robot_frame(file(points(CORNERS, robot), "a.json"))
    assert 0.0005 < frame.residual < 0.002


def test_a_tilted_table_and_one_that_faces_down_are_noted(file):
    tilted = points(CORNERS, moved(rotation(0.1, 0, 0), [0, 0, 0], CORNERS))
    assert "tilted by 5.7 degrees" in read_robot_frame(file(tilted, "a.json")).notes[0]
    mirrored = points(CORNERS, moved(np.eye(3), [0, 0, 0], CORNERS[[1, 0, 3, 2]]))
    assert "wrong order" in read_robot_frame(file(mirrored, "a.json")).notes[0]


MATRIX = "1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "", "4 x 4 matrix"),
        ("a.txt", "1 0 0\n0 1 0\n0 0 1\n", "3 x 3 numbers"),
        ("a.txt", "one two", "no table of numbers"),
        ("a.txt", MATRIX.replace("1 0 0 0", "2 0 0 0"), "not rigid"),
        ("a.txt", MATRIX.replace("1 0 0 0", "-1 0 0 0"), "mirror image"),
        ("a.txt", MATRIX.replace("1 0 0 0", "nan 0 0 0"), "not rigid"),
        ("a.json", {"corners": []}, "holds corners"),
        ("a.json", {"matrix": "no"}, "matrix in"),
        ("a.json", {"matrix": [[1, 2], [3]]}, "matrix in"),
        ("a.json", points(CORNERS, CORNERS), r"table \[4, 2\] and robot \[4, 2\]"),
        ("a.json", points(CORNERS[:2], np.zeros((2, 3))), "2 points; three"),
        ("a.json", points([[0, 0], [1, 0], [2, 0]], np.zeros((3, 3))), "on a line"),
        ("a.json", points(CORNERS, 1000 * moved(np.eye(3), [0, 0, 0], CORNERS)), "units"),
        ("a.toml", "matrix = [", "a.toml"),
    ],
)
def test_what_is_no_frame_is_refused_in_words(file, name, content, message):
    with pytest.raises(InputError, match=message):
        read_robot_frame(file(content, name))


def test_corners_out_of_order_are_refused(file):
    robot = moved(np.eye(3), [0, 0, 0], CORNERS)[[1, 0, 2, 3]]
    with pytest.raises(InputError, match=r"point \d .* mm .*order"):
        read_robot_frame(file(points(CORNERS, robot), "a.json"))


def test_a_huge_file_is_not_read(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"0 " * (1 << 20))
    with pytest.raises(InputError, match="more than 1 MB"):
        read_robot_frame(tmp_path / "a.txt")
