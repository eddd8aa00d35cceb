"""What goes to a Ray cluster: here one of three nodes on this machine, which loses nodes."""

import csv
import os
import socket
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from fag_tf.cli.main import run
from fag_tf.errors import InputError
from fag_tf.parallel.ray_cluster import check_address, ray_cluster
from fag_tf.training.feasibility_checks import ParallelChecks, SerialChecks
from reference.dear_checks import Dear


@pytest.mark.parametrize(
    "address", ["nonsense", "ray://localhost:10001", "localhost", "localhost:0", ":6379"]
)
def test_an_address_of_another_form_is_refused(address):
    with pytest.raises(InputError, match="HOST:PORT"):
        check_address(address)


def test_an_address_where_nothing_answers_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(InputError, match=f"127.0.0.1:{port}: no Ray cluster answers.*auto"):
        check_address(f"127.0.0.1:{port}")


def test_an_address_where_something_else_answers_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(InputError, match="is no Ray cluster"):
            check_address(f"127.0.0.1:{server.getsockname()[1]}")
        thread.join()


@pytest.mark.parametrize(
    "command",
    [
        ["train", "--set", "collect.workers=2", "--ray", "nonsense"],
        ["study", "divergence", "--case", "perfect", "--ray", "nonsense"],
    ],
)
def test_a_wrong_address_ends_a_command_in_one_line_and_code_2(
    command, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert run(command) == 2
    assert "'nonsense'" in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.rglob("*"))


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"pip install 'fag-tf\[ray\]'"), ray_cluster("local"):
        pass


def test_a_cluster_without_workers_for_it_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["train", "--ray"]) == 2
    assert "collect.workers, which is 0" in capsys.readouterr().err


# In a cluster -----------------------------------------------------------------------------------


class Nodes:
    """The cluster, and what takes a node from it and adds another."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.address = cluster.address
        self.spare = [cluster.add_node(num_cpus=1), cluster.add_node(num_cpus=1)]

    def lose_one(self):
        self.cluster.remove_node(self.spare.pop(), allow_graceful=False)

    def complete(self):
        while len(self.spare) < 2:
            self.spare.append(self.cluster.add_node(num_cpus=1))


@pytest.fixture(scope="module")
def cluster_of_three():
    """The three nodes, and this process as their driver."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'fag-tf[ray]'")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 1, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        nodes = Nodes(cluster)
        with ray_cluster(cluster.address):
            yield nodes
    finally:
        cluster.shutdown()


@pytest.fixture
def nodes(cluster_of_three):
    cluster_of_three.complete()
    return cluster_of_three


@pytest.fixture
def connected(nodes, monkeypatch):
    """Commands run in this process use its connection, and leave it."""
    import contextlib

    @contextlib.contextmanager
    def there(address):
        assert address == nodes.address
        yield

    monkeypatch.setattr("fag_tf.parallel.ray_cluster.ray_cluster", there)
    return nodes


def once_there(folder, pattern, call):
    """Do something as soon as the first of these files is there; `join` the result."""

    def wait_and_call():
        while not any(folder.glob(pattern)):
            time.sleep(0.02)
        call()

    thread = threading.Thread(target=wait_and_call, daemon=True)
    thread.start()
    return thread


@pytest.mark.slow
def test_checks_are_shared_among_the_nodes_and_a_lost_one_costs_its_checks(nodes):
    from fag_tf.parallel.ray_worker import RayWorker

    environment = Dear(seconds=0.01)
    rng = np.random.default_rng(5)
    states = environment.draw_states(rng, 12)
    actions = environment.action_space.sample(rng, (12, 20))
    expected = SerialChecks(Dear())(states, actions)
    checks = ParallelChecks(environment, 3, RayWorker)
    np.testing.assert_array_equal(checks(states, actions), expected)
    loss = threading.Timer(0.3, nodes.lose_one)
    loss.start()
    while loss.is_alive():
        np.testing.assert_array_equal(checks(states, actions), expected)
    np.testing.assert_array_equal(checks(states, actions), expected)
    checks.close()


@pytest.fixture
def pictures(tmp_path):
    """Sixteen pictures of bars, two of them doubtful, and one file among them that is none."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(16):
        image = Image.new("L", (128, 128), "white")
        box = (30 + number % 10, 40 + number, 80, 52 + number)
        ImageDraw.Draw(image).rectangle(box, fill="black")
        if number in (3, 9):  # its edge fades as a shadow does
            image = image.filter(ImageFilter.GaussianBlur(4))
        image.save(folder / f"{number:02}.png")
    (folder / "13.png").write_bytes(b"nothing")
    return folder


@pytest.mark.slow
def test_pictures_are_sampled_as_here_although_a_node_is_lost(
    connected, pictures, stand_in_model, tmp_path, capsys
):
    model = ["sample", str(stand_in_model), "--image", str(pictures), "-n", "20", "--seed", "4"]
    assert run([*model, "--out", str(tmp_path / "here.csv")]) == 1
    here = capsys.readouterr().err
    doubted = [line for line in here.splitlines() if "doubtful outline" in line]
    assert len(doubted) == 2
    loss = once_there(tmp_path, ".there.csv.parts/*.npz", connected.lose_one)
    there = [*model, "--ray", connected.address, "--out"]
    code, told = run([*there, str(tmp_path / "there.csv")]), capsys.readouterr().err
    assert code == 1, told
    # Ray itself may tell of the node between them.
    assert set(here.replace("here.csv", "there.csv").splitlines()) <= set(told.splitlines())
    assert [line for line in told.splitlines() if "doubtful outline" in line] == doubted
    loss.join()
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_folder_of_parts_is_written_whole_by_driver_or_nodes_and_gone_on_with(
    scheme, connected, pictures, stand_in_model, tmp_path, capsys, monkeypatch
):
    from pyarrow import parquet

    monkeypatch.setattr("fag_tf.deployment.sample_folder._SOURCES_A_PART", 6)
    model = ["sample", str(stand_in_model), "--image", f"{scheme}{pictures}", "-n", "5", "--out"]
    there = [*model, f"{scheme}{tmp_path / 'there'}/", "--ray", connected.address]
    assert run([*there, "--seed", "4"]) == 1
    parts = sorted((tmp_path / "there").glob("*.parquet"))
    assert len(parts) == 3
    (tmp_path / "there" / "part-000001.parquet").unlink()
    times = {part: part.stat().st_mtime_ns for part in parts if part.exists()}
    capsys.readouterr()
    assert run(there) == 1
    assert "10 of them drawn earlier" in capsys.readouterr().err
    assert times == {part: part.stat().st_mtime_ns for part in times}
    assert run([*model, str(tmp_path / "here.csv"), "--seed", "4"]) == 1
    rows = [row for part in parts for row in parquet.read_table(part).to_pylist()]
    with (tmp_path / "here.csv").open(newline="") as file:
        expected = list(csv.DictReader(file))
    assert len(rows) == len(expected) == 15 * 5
    for row, other in zip(rows, expected, strict=True):
        assert row.pop("source") == other.pop("source")
        values = [np.float32(value) for value in other.values()]
        np.testing.assert_array_equal(np.float32(list(row.values())), values)


@pytest.mark.slow
def test_a_picture_that_ends_every_process_is_given_up_and_the_others_are_drawn(
    connected, pictures, stand_in_model, tmp_path, capsys, monkeypatch
):
    from fag_tf.deployment import ray_sampling

    deaths = tmp_path / "deaths"

    class Deadly(ray_sampling._Sampler):  # of this function, so Ray sends it as it is
        def __init__(self, *arguments):
            super().__init__(*arguments)
            draw = self._sampler.draw

            def end_or_draw(sources):
                if any(source.endswith("07.png") for source in sources):
                    with deaths.open("a") as file:
                        file.write(f"{len(sources)}\n")
                    os._exit(1)
                return draw(sources)

            self._sampler.draw = end_or_draw

    model = ["sample", str(stand_in_model), "--image", str(pictures), "-n", "5", "--seed", "4"]
    assert run([*model, "--out", str(tmp_path / "here.csv")]) == 1
    capsys.readouterr()
    monkeypatch.setattr(ray_sampling, "_Sampler", Deadly)
    there = [*model, "--ray", connected.address, "--out", str(tmp_path / "there.csv")]
    assert run(there) == 1
    told = capsys.readouterr().err
    (skipped,) = (line for line in told.splitlines() if "07.png" in line)
    assert "3 processes have ended" in skipped
    assert "70 grasps of 14 pictures" in " ".join(told.split())
    assert deaths.read_text().split()[1:] == ["1", "1"]  # after the first one by one
    here = (tmp_path / "here.csv").read_text().splitlines()
    expected = [line for line in here if "07.png" not in line]
    assert (tmp_path / "there.csv").read_text().splitlines() == expected


@pytest.mark.slow
def test_pictures_that_a_node_does_not_see_end_the_job(nodes, tmp_path, stand_in_model):
    from fag_tf.deployment.grasp_sampling import GraspModel
    from fag_tf.deployment.picture_sampling import PictureSettings
    from fag_tf.deployment.ray_sampling import RaySampling
    from fag_tf.deployment.sampler import load_model

    model = GraspModel(load_model(stand_in_model))
    sampling = RaySampling(model.saved, PictureSettings(5, 0, 0.5, model.gripper))
    with pytest.raises(InputError, match=r"does not see /nowhere/a\.png.*object store"):
        list(sampling.draw(["/nowhere/a.png"]))


@pytest.mark.slow
def test_a_study_lands_in_the_same_files_although_a_node_is_lost(connected, tmp_path, capsys):
    study = ["study", "divergence", "--quick", "--seeds", "2", "--case", "perfect"]
    study += ["--case", "collapsed"]
    assert run([*study, "--out", str(tmp_path / "here")]) == 0
    loss = once_there(tmp_path, "there/runs/*.json", connected.lose_one)
    assert run([*study, "--out", str(tmp_path / "there"), "--ray", connected.address]) == 0
    loss.join()
    assert "run 4/4" in capsys.readouterr().err
    for name in ("results.csv", "results.md"):
        assert (tmp_path / "there" / name).read_text() == (tmp_path / "here" / name).read_text()
    names = [
        sorted(path.name for path in (tmp_path / at / "runs").iterdir()) for at in ("here", "there")
    ]
    assert names[0] == names[1]
