"""What the pages under docs/ say of the code holds."""

import re
from pathlib import Path

import pytest

from fag_tf.cli.main import cli
from fag_tf.environments.planar_grasp.gripper import FIELDS, PRESETS, SOURCES, UNITS, parse_gripper

ROOT = Path(__file__).parents[2]
GRIPPERS = (ROOT / "docs" / "how_to" / "parts_and_grippers.md").read_text(encoding="utf-8")


def test_the_table_of_presets_is_the_codes_and_marks_what_is_published():
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", GRIPPERS, re.MULTILINE)
    assert [name for name, _ in rows] == list(PRESETS)
    for name, cells in rows:
        for field, cell in zip(FIELDS, cells.split(" | "), strict=True):
            factor = 1e3 if UNITS[field] == "m" else 1.0
            assert abs(float(cell.strip("*")) - factor * getattr(PRESETS[name], field)) < 1e-9
            assert cell.startswith("**") == (field in SOURCES[name].fields)


def test_every_preset_has_its_source_beside_it():
    text = " ".join(GRIPPERS.split())
    for name, source in SOURCES.items():
        assert f"- `{name}`: {source.words} ({source.source})" in text


def test_the_example_of_a_file_is_a_gripper(tmp_path):
    (code,) = re.findall(r"```toml\n(# jaw\.toml\n.*?)```", GRIPPERS, re.DOTALL)
    (tmp_path / "jaw.toml").write_text(code)
    assert parse_gripper(str(tmp_path / "jaw.toml")).opening == 0.095


def test_every_page_and_picture_that_is_linked_is_there():
    for page in [ROOT / "README.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\(([^)#\s]+)\)", page.read_text(encoding="utf-8")):
            if not link.startswith(("http://", "https://")):
                assert (page.parent / link).exists(), f"{page.name} links {link}"


def test_the_times_of_connections_are_the_servers():
    from fag_tf.deployment.http import connections
    from fag_tf.deployment.serving import request_limits, rpc, server

    told = " ".join((ROOT / "SECURITY.md").read_text(encoding="utf-8").split())
    assert request_limits.BODY_SECONDS == rpc.MESSAGE_SECONDS
    for seconds, sentence in (
        (connections.HEADER_SECONDS, "{} s for headers"),
        (request_limits.BODY_SECONDS, "{} s for a body or a message"),
        (connections.WRITE_SECONDS, "{} s without reading the answer"),
        (server.KEEP_ALIVE_SECONDS, "{} s idle"),
        (rpc.IDLE_SECONDS, "(gRPC: {} s)"),
        (2 * server.LAST_SECONDS, "{} s after `--grace`"),
    ):
        assert sentence.format(f"{seconds:g}") in told


def test_the_manifest_of_a_ray_job_runs_a_command_of_the_package():
    yaml = pytest.importorskip("yaml")
    job = yaml.safe_load((ROOT / "docs" / "how_to" / "rayjob.yaml").read_text(encoding="utf-8"))
    cluster = job["spec"]["rayClusterSpec"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    for group in groups:
        (container,) = group["template"]["spec"]["containers"]
        assert {"name": "RAY_USAGE_STATS_ENABLED", "value": "0"} in container["env"]
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
    name, command, *options = job["spec"]["entrypoint"].split()
    assert name == "fag-tf"
    known = {opt for each in cli.get_command(None, command).params for opt in each.opts}
    assert {option for option in options if option.startswith("-")} <= known


def test_the_pictures_are_small():
    for suffix, most in ((".png", 250_000), (".webp", 1_500_000)):
        for picture in (ROOT / "docs").rglob(f"*{suffix}"):
            assert picture.stat().st_size < most, picture.name
