import json
import struct
import sys

import numpy as np
import pytest

from fag_tf.environments.planar_grasp.parts.mesh import AS_IN_FILE, MESH_SUFFIXES, read_mesh
from fag_tf.environments.planar_grasp.parts.objects import read_object
from fag_tf.errors import InputError

trimesh = pytest.importorskip("trimesh")

BOX = trimesh.creation.box((60.0, 20.0, 10.0))


@pytest.fixture
def saved(tmp_path):
    def save(mesh, suffix=".stl"):
        path = tmp_path / f"part{suffix}"
        mesh.export(path)
        return path

    return save


@pytest.mark.parametrize("suffix", MESH_SUFFIXES)
def test_every_format_gives_the_silhouette_of_the_likeliest_pose(saved, suffix):
    (part,), notes = read_mesh(saved(BOX, suffix), "mm")
    np.testing.assert_allclose(sorted(np.ptp(np.array(part.exterior.coords), axis=0)), [0.02, 0.06])
    np.testing.assert_allclose(np.array(part.centroid.coords), 0, atol=1e-9)
    assert "pose 0 of 6" in notes[-1]
    assert "10 mm high" in notes[-1]


@pytest.mark.parametrize(("suffix", "side"), [(".stl", 0.06), (".ply", 0.06), (".glb", 60.0)])
def test_without_units_stl_is_mm_and_glb_metres(saved, suffix, side):
    (part,), notes = read_mesh(saved(BOX, suffix))
    assert max(np.ptp(np.array(part.exterior.coords), axis=0)) == pytest.approx(side)
    assert ("taken as mm (--units)" in notes[0]) == (suffix != ".glb")


def test_poses_go_from_the_likeliest_on_and_are_listed(saved):
    path = saved(BOX)
    areas = [read_mesh(path, "mm", pose=str(number))[0][0].area for number in range(6)]
    np.testing.assert_allclose(areas, [12e-4, 12e-4, 6e-4, 6e-4, 2e-4, 2e-4])
    with pytest.raises(InputError, match=r"no pose 6; it rests in 6: 0 \(0\.34, 10 mm high\)"):
        read_mesh(path, "mm", pose="6")
    with pytest.raises(InputError, match="number or 'file'"):
        read_mesh(path, "mm", pose="-1")


def test_a_mesh_may_stay_as_it_is_in_its_file(saved):
    box = BOX.copy()
    box.apply_translation((100.0, 30.0, 7.0))
    (part,), _ = read_mesh(saved(box), "mm", pose=AS_IN_FILE)
    np.testing.assert_allclose(part.bounds, [0.07, 0.02, 0.13, 0.04])
    (part,), _ = read_mesh(saved(box, ".glb"), "mm", pose=AS_IN_FILE)  # y is up there
    np.testing.assert_allclose(part.bounds, [0.07, -0.012, 0.13, -0.002])


def test_a_hole_is_a_hole_and_an_open_mesh_has_a_silhouette_too(saved):
    ring = trimesh.creation.annulus(10.0, 20.0, 5.0)
    (part,), _ = read_mesh(saved(ring), "mm")
    assert len(part.interiors) == 1
    assert part.area == pytest.approx(np.pi * (0.02**2 - 0.01**2), rel=0.02)
    ring.update_faces(np.arange(len(ring.faces)) % 7 != 0)
    assert read_mesh(saved(ring), "mm")[0][0].area > 0.5 * part.area


def test_a_part_that_is_thicker_at_one_end_is_told_of(saved):
    head = trimesh.creation.box((20.0, 20.0, 19.0))
    head.apply_translation((-40.0, 0.0, 4.5))
    _, notes = read_mesh(saved(trimesh.util.concatenate([BOX, head])), "mm", pose="0")
    assert "centre of mass" in notes[-1]


def test_a_sphere_rests_somewhere_in_a_moment(saved):
    ball = trimesh.creation.icosphere(subdivisions=4, radius=20.0)
    (part,), _ = read_mesh(saved(ball), "mm")
    assert part.area == pytest.approx(np.pi * 0.02**2, rel=0.01)


def test_a_flat_mesh_is_seen_along_z(saved):
    flat = trimesh.Trimesh([(0, 0, 0), (60, 0, 0), (60, 20, 0), (0, 20, 0)], [(0, 1, 2), (0, 2, 3)])
    with pytest.raises(InputError, match="--pose file"):
        read_mesh(saved(flat), "mm")
    assert read_mesh(saved(flat), "mm", pose=AS_IN_FILE)[0][0].area == pytest.approx(12e-4)


def glb_of_many_vertices():
    """A file of some hundred bytes that asks for 10^12 vertices."""
    content = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "accessors": [{"componentType": 5126, "count": 10**12, "type": "VEC3"}],
    }
    text = json.dumps(content).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sII", b"glTF", 2, 20 + len(text))
    return head + struct.pack("<I4s", len(text), b"JSON") + text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.stl", b""),
        ("a.stl", b"\0" * 80 + struct.pack("<I", 4_000_000_000)),
        ("a.stl", b"\0" * 80 + struct.pack("<I", 1) + struct.pack("<12fH", *[np.nan] * 12, 0)),
        ("a.obj", b"v 0 0 0\nf 1 2 3\n"),
        ("a.obj", b"hello"),
        (
            "a.ply",
            b"ply\nformat ascii 1.0\nelement vertex 4000000000\nproperty float x\nend_header\n",
        ),
        ("a.glb", b"glTF"),
        ("a.glb", glb_of_many_vertices()),
    ],
)
def test_what_is_no_mesh_is_refused_in_one_line(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=name) as caught:
        read_mesh(tmp_path / name, "mm")
    assert "\n" not in str(caught.value)


def test_a_mesh_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"part\.stl.*No such file"):
        read_mesh(tmp_path / "part.stl")


def test_a_file_beside_the_mesh_is_not_read(tmp_path):
    """A material names other files; none of them is opened."""
    (tmp_path / "a.mtl").write_text("newmtl m\nmap_Kd /dev/zero\n")
    text = "mtllib a.mtl\nusemtl m\nv 0 0 0\nv 60 0 0\nv 0 20 0\nv 0 0 10\n"
    (tmp_path / "a.obj").write_text(text + "f 1 3 2\nf 1 2 4\nf 2 3 4\nf 1 4 3\n")
    assert read_mesh(tmp_path / "a.obj", "mm")[0][0].area > 0


def test_without_trimesh_its_install_command_is_told(saved, monkeypatch):
    path = saved(BOX)
    monkeypatch.setitem(sys.modules, "trimesh", None)
    with pytest.raises(InputError, match=r"trimesh.*fag-tf\[cad\]"):
        read_mesh(path)


def test_an_object_may_be_a_mesh(saved):
    name, part, notes = read_object(str(saved(BOX)), pose="2")
    assert (name, round(1e6 * part.area)) == ("part", 600)
    assert any("pose 2 of 6" in note for note in notes)
    with pytest.raises(InputError, match="--pose"):
        read_object("H", pose="1")
