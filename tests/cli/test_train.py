import json
import re
import signal
import subprocess
import sys
import time

import pytest

from fag_tf.cli.main import run
from fag_tf.errors import InputError
from fag_tf.training.run import open_run
from reference.tiny_runs import eagerly

assert eagerly

TINY = (
    "trainer.steps=6",
    "trainer.batch=2",
    "trainer.log_every=1",
    "trainer.compile=false",
    "critic.warmup_steps=2",
    "critic.states=4",
    "critic.experiences=16",
    "collect.initial_states=2",
    "collect.states=2",
    "collect.experiences=16",
    "objective.num_supports=16",
    "objective.num_samples=16",
)


@pytest.fixture
def refused(refusal, tmp_path):
    """Run `fag-tf train` as `refusal` does; no run may be left."""

    def call(*arguments, out="run"):
        err = refusal("train", "--out", out, *arguments)
        assert not (tmp_path / "run").exists()
        return err

    return call


def test_options_are_listed_by_a_word(capsys):
    assert run(["train", "--options", "Batch", "--out", "nowhere"]) == 0
    listed = capsys.readouterr().out
    assert listed.startswith("trainer.batch = 8\n    B, number of states")
    assert run(["train", "--options"]) == 0
    everything = capsys.readouterr().out
    assert listed in everything
    assert max(map(len, everything.splitlines())) < 100
    assert run(["train", "--options", "zzz"]) == 2


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("trainer.stepz=3", r"trainer\.stepz\b.*\bsteps\b"),
        ("trainer", "--set trainer:"),
        ("=", "--set =:"),
        ("trainer.steps=many", r"trainer\.steps\b.*'many'"),
        ("trainer.steps=nan", r"trainer\.steps\b.*nan"),
        ("trainer.steps=-1", r"trainer\.steps\b.*-1\b.*1"),
        (f"trainer.steps=1{23 * '0'}", r"trainer\.steps\b.*\b1000000000\b"),
        ("trainer.batch=100000000000", r"trainer\.batch\b.*100000000000"),
        ("actor.width=1000000000", r"actor\.width\b.*1000000000"),
        ("actor.learning_rate=inf", r"actor\.learning_rate\b.*inf"),
        ("actor.learning_rate=fast", r"actor\.learning_rate\b.*'fast'"),
        ("objective.divergence.pearson={start=1e-3}", r"objective\.divergence\.pearson\b.*\bend\b"),
        ("objective.bandwidth=1e-300", r"objective\.bandwidth\b.*1e-300"),
        ("objective.divergence={jensen_shannon=0}", r"objective\.divergence\b.*\b0\b"),
        ("seed=" + 5000 * "9", "seed.*9999999999"),
        ("env=nothing", "'nothing'"),
        ("env_options.image_size=64.5", r"image_size\b.*64\.5"),
        ("env_options.gripper=3", r"gripper\b.*3"),
        ("env_options.parts=missing.wkt", r"--object missing\.wkt"),
        ("env_options.colour=red", "'colour'.*image_size, gripper"),
    ],
)
def test_a_wrong_setting_ends_in_one_line_and_leaves_nothing(setting, message, refused):
    assert re.search(message, refused("--set", setting))


def test_what_goes_with_a_part_or_gripper_is_refused_where_it_cannot(refused):
    assert re.search("--units.*--object", refused("--units", "mm"))
    assert re.search("--largest.*--object", refused("--largest"))
    message = refused("--set", "env_options=5", "--gripper", "franka_hand")
    assert re.search("env_options.*5", message)


def test_two_different_environments_are_not_both_meant(refused):
    message = refused("--env", "boxes", "--set", "env=ring")
    assert re.search("--env.*boxes.*--set env=ring", message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "settings.toml: No such file"),
        (b"seed = ", "TOML"),
        ("seed = 1".encode("utf-16"), "UTF-8"),
        (b"sed = 1", "seed?"),
        (b"a = " + 100_000 * b"[", "TOML"),
    ],
)
def test_a_configuration_that_cannot_be_used_ends_in_one_line(content, message, tmp_path, refused):
    if content is not None:
        (tmp_path / "settings.toml").write_bytes(content)
    assert message in refused("--config", "settings.toml")


def test_an_empty_name_of_an_environment_is_not_passed_over(refused):
    assert "''" in refused("--env", "")


def test_a_configuration_runs_no_command(tmp_path, refused):
    values = {"env": "os:system", "env_options": {"command": "touch PWNED"}}
    (tmp_path / "c.json").write_text(json.dumps(values))
    assert "'os:system'" in refused("--config", "c.json")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "config.json").write_text(json.dumps(values))
    with pytest.raises(InputError, match="'os:system'"):
        open_run(tmp_path / "old").environment  # noqa: B018
    assert not (tmp_path / "PWNED").exists()


def test_an_environment_in_the_current_directory_is_found_and_its_faults_told(tmp_path, refused):
    (tmp_path / "a_module_of_faults.py").write_text(
        "from fag_tf.environments.toys.planar import Ring\n"
        "class Blurred(Ring):\n"
        "    def observe(self, states):\n"
        "        seen = super().observe(states)\n"
        "        return {name: array * float('nan') for name, array in seen.items()}\n"
    )
    err = refused("--env", "a_module_of_faults:Blurred")
    assert re.search("observe.*'centre'.*finite", err)


def test_a_folder_that_is_a_run_a_file_or_holds_leftovers_is_refused(tmp_path, refused):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "config.json").write_text("{}")
    assert "--resume" in refused(out="old")
    (tmp_path / "left" / "checkpoints").mkdir(parents=True)
    assert re.search(r"left\b.*checkpoints.*config\.json", refused(out="left"))
    (tmp_path / "file").write_text("")
    assert "file/run: file " in refused(out="file/run")


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (None, (), "no config.json"),
        ("{}", ("--set", "seed=1"), "--env, --config, --set"),
        ("{}", ("--env", "boxes"), "--env, --config, --set"),
        ("{}", ("--units", "mm"), "--env, --config, --set"),
        ("{}", ("--object", "gone.wkt"), "--env, --config, --set"),
        ("{}", ("--method", "flow"), "--env, --config, --set, --method"),
        ('{"seed": ', (), "old/config.json"),
        ('{"sed": 1}', (), " sed;"),
    ],
)
def test_what_cannot_be_resumed_is_refused(content, arguments, message, tmp_path, refused):
    (tmp_path / "old").mkdir()
    if content is not None:
        (tmp_path / "old" / "config.json").write_text(content)
    assert message in refused("--resume", *arguments, out="old")


def test_what_tensorflow_alone_can_refuse_leaves_no_folder_either(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["train", "--env", "boxes", "--set", "objective.divergence={kl=1}"]) == 2
    assert "'kl'" in capsys.readouterr().err
    assert run(["train", "--env", "boxes", "--set", "actor.latent_dim=1"]) == 2
    assert "actor.latent_dim" in capsys.readouterr().err
    assert run(["train", "--env", "boxes", "--set", "memory.capacity=1000000000000"]) == 2
    assert "memory.capacity" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_method_that_there_is_not_is_refused(refused):
    assert re.search("'magic'.*actor, flow, ", refused("--method", "magic"))
    message = refused("--method", "flow", "--finetune", "model")
    assert "--method" in message


@pytest.mark.slow
def test_another_method_trains_evaluates_exports_and_samples_like_the_actor(tmp_path, here):
    settings = [part for setting in TINY for part in ("--set", setting)]
    env = ("--env", "islands", "--set", "env_options.dim=4", "--set", "actor.width=16")
    shallow = ("--set", "actor.depth=1", "--set", "critic.depth=1")
    done = here("train", "--method", "flow", *env, *shallow, *settings, "--out", "run")
    assert done.returncode == 0, done.stderr
    for step in (
        ("evaluate", "run", "--poses", 1, "--samples", 20, "--out", "found"),
        ("export", "run", "--out", "model", "--poses", 1),
        ("evaluate", "model", "--poses", 1, "--samples", 20, "--out", "again"),
    ):
        done = here(*step)
        assert done.returncode == 0, done.stderr
    found, again = (
        json.loads((tmp_path / name / "evaluation.json").read_text())["mean"]["raw"]
        for name in ("found", "again")
    )
    assert found == pytest.approx(again, nan_ok=True)
    assert found["grid_jsd"] is None


@pytest.mark.slow
def test_a_run_on_a_parts_file_needs_the_file_no_more(tmp_path, here):
    part = tmp_path / "plank.wkt"
    part.write_text("POLYGON ((0 0, 100 0, 100 20, 0 20, 0 0))")
    small = ("env_options.image_size=16", "actor.width=8", "critic.width=8", "trainer.steps=3")
    settings = [part for setting in (*TINY, *small) for part in ("--set", setting)]
    options = ("--object", part, "--units", "mm", "--scale", 0.8, "--gripper", "franka_hand")
    done = here("train", *options, *settings, "--out", "run")
    assert done.returncode == 0, done.stderr
    part.unlink()
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    kept = config["env_options"]["parts"]
    assert kept["name"] == "plank"
    assert kept["outline"].startswith("POLYGON ((0 0, 0.08 0")
    assert here("train", "--resume", "--out", "run").returncode == 0
    done = here("evaluate", "run", "--poses", 1, "--samples", 20, "--out", "found")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "found" / "evaluation.json").read_text())
    assert list(found["rows"]["raw"]) == ["plank"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_says_how_to_go_on(number, tmp_path, here):
    # All of it is warm-up: the actor's step takes seconds to trace.
    long = (*TINY, "trainer.steps=100000", "critic.warmup_steps=100000")
    settings = [part for setting in long for part in ("--set", setting)]
    command = [sys.executable, "-m", "fag_tf.cli.main", "train", "--env", "boxes", *settings]
    process = subprocess.Popen(
        [*command, "--out", "a run"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    log = tmp_path / "a run" / "log.jsonl"
    until = time.monotonic() + 100
    while not (log.exists() and log.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "Traceback" not in err
    assert err.splitlines()[-1].endswith("fag-tf train --resume --out 'a run'")
    (checkpoint,) = (tmp_path / "a run" / "checkpoints").iterdir()
    step = json.loads((checkpoint / "counters.json").read_text())["step"]
    assert f"{step} of 100000" in err
    config = tmp_path / "a run" / "config.json"
    config.write_text(config.read_text().replace('"depth": 3', '"depth": 2'))
    done = here("train", "--resume", "--out", "a run")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert checkpoint.name in done.stderr


def test_an_empty_folder_name_is_refused(refused):
    assert "name a folder" in refused("--env", "ring", out="")
