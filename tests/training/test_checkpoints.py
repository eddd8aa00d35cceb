import json
import shutil

import numpy as np
import pytest

from fag_tf.errors import InputError
from fag_tf.training.build import build_trainer
from fag_tf.training.checkpoint_folders import latest_checkpoint
from fag_tf.training.checkpoints import restore_checkpoint, restore_networks, save_checkpoint
from reference.tiny_runs import (
    assert_same_state,
    eagerly,  # noqa: F401, used by all tests here
    state_of,
    tiny_config,
)

FILES = ["counters.json", "memory.npz", "weights.index", "weights.data-00000-of-00001"]


@pytest.fixture(scope="module")
def trainer():
    """A trainer in the midst of a run; tests must leave it as it is."""
    made = build_trainer(tiny_config())
    made.run(stop=lambda: made.step == 3)
    return made


@pytest.fixture(scope="module")
def other():
    """Another trainer of the same configuration, for what must not be restored."""
    return build_trainer(tiny_config())


@pytest.fixture
def saved(trainer, tmp_path):
    return save_checkpoint(trainer, tmp_path / "checkpoints")


def test_a_restored_trainer_is_the_saved_one_bit_by_bit(trainer, saved):
    other = build_trainer(tiny_config("seed=0"))
    restore_checkpoint(other, saved)
    assert_same_state(state_of(other), state_of(trainer))


def test_restoring_replaces_all_that_a_trainer_has_learnt(trainer, saved):
    other = build_trainer(tiny_config())
    other.run()
    restore_checkpoint(other, saved)
    assert_same_state(state_of(other), state_of(trainer))


def test_a_checkpoint_consists_of_plain_files_and_arrays(saved, trainer):
    assert sorted(path.name for path in saved.iterdir()) == sorted(FILES)
    counters = json.loads((saved / "counters.json").read_text())
    assert counters == trainer.counters() | {
        "format": 2,
        "since_report": trainer.window.state(),
    }
    with np.load(saved / "memory.npz", allow_pickle=False) as arrays:
        kept = trainer.memory.state_arrays() | trainer.collector.state_arrays()
        assert set(arrays) == set(kept)
        assert "pending.actions" in kept


def test_the_two_newest_checkpoints_are_kept_and_found_by_their_steps(trainer, tmp_path):
    assert latest_checkpoint(tmp_path) is None
    assert latest_checkpoint(tmp_path / "none") is None
    other = build_trainer(tiny_config())
    for step in (9, 10, 100, 99):
        other.step = step
        save_checkpoint(other, tmp_path)
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == ["step-00000099", "step-00000100"]
    assert latest_checkpoint(tmp_path).name == "step-00000100"


def test_folders_of_other_names_are_no_checkpoints_and_are_left_alone(trainer, tmp_path):
    for name in ("step-last", "notes", "step-"):
        (tmp_path / name).mkdir()
    assert latest_checkpoint(tmp_path) is None
    save_checkpoint(trainer, tmp_path)
    assert latest_checkpoint(tmp_path).name == "step-00000003"
    assert (tmp_path / "notes").is_dir()
    assert (tmp_path / "step-last").is_dir()


def test_what_a_killed_process_left_is_cleared_away(trainer, tmp_path):
    left = tmp_path / ".step-00000002.1a2b3c4d.partial"
    left.mkdir()
    (left / "memory.npz").write_bytes(b"half")
    save_checkpoint(trainer, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000003"]


def test_a_folder_that_cannot_be_written_is_refused_in_one_line(trainer, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="/file/step-") as caught:
        save_checkpoint(trainer, tmp_path / "file")
    assert "\n" not in str(caught.value)


def test_a_disk_that_fills_up_while_saving_is_reported_and_leaves_nothing(
    trainer, tmp_path, monkeypatch
):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    kept = save_checkpoint(trainer, tmp_path)
    other = build_trainer(tiny_config())
    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(InputError, match="No space left on device"):
        save_checkpoint(other, tmp_path)
    assert list(tmp_path.iterdir()) == [kept]


# Damage -----------------------------------------------------------------------------------------


def halved(data):
    return data[: len(data) // 2]


DAMAGE = {
    "empty": lambda data: b"",
    "halved": halved,
    "one byte short": lambda data: data[:-1],
    "scrambled": lambda data: bytes(np.random.default_rng(0).permutation(list(data)).tolist()),
    "bytes of something else": lambda data: b"\x00\xff{[" * 100,
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", list(DAMAGE.values()), ids=list(DAMAGE))
def test_a_damaged_file_is_refused_in_one_line(saved, other, name, damage, capfd):
    path = saved / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError) as caught:
        restore_checkpoint(other, saved)
    message = str(caught.value)
    assert str(saved) in message
    assert "damaged" in message
    assert "\n" not in message
    assert "\0" not in message
    assert not capfd.readouterr().err  # TensorFlow logs the damage too


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused_in_one_line(saved, other, name):
    (saved / name).unlink()
    with pytest.raises(InputError) as caught:
        restore_checkpoint(other, saved)
    assert str(saved) in str(caught.value)
    assert "\n" not in str(caught.value)


COUNTERS = '{"step": %s, "interactions": %s, "collected_rounds": %s}'


@pytest.mark.parametrize(
    "text",
    [
        *("[]", "3", '{"step": 1}', '{"step": 3}', '{"step": null}', '{"step": "x"}'),
        *(COUNTERS % values for values in ((4, -5, 2), (4.0, 5, 2), (4, 5, "true"))),
    ],
)
def test_counters_that_are_something_else_are_refused(saved, other, text):
    (saved / "counters.json").write_text(text)
    with pytest.raises(InputError):
        restore_checkpoint(other, saved)
    with pytest.raises(InputError, match="damaged"):
        restore_networks(other.learner, saved)


def test_of_a_checkpoint_without_its_memory_the_networks_can_be_restored(trainer, saved):
    (saved / "memory.npz").unlink()
    learner = build_trainer(tiny_config("seed=8")).learner
    assert restore_networks(learner, saved) == trainer.counters()
    for one, same in zip(
        learner.averaged_actor.trainable_variables,
        trainer.learner.averaged_actor.trainable_variables,
        strict=True,
    ):
        np.testing.assert_array_equal(one, same)


def test_a_checkpoint_under_another_name_is_refused(saved, other):
    with pytest.raises(InputError, match=r"step-00000099.*\b3\b"):
        restore_checkpoint(other, saved.rename(saved.with_name("step-00000099")))


@pytest.mark.parametrize(
    "setting",
    [
        "actor.width=17",
        "critic.depth=1",
        "memory.capacity=10",
        "collect.experiences=31",
        "env=ring",
        "env_options={dim=3, num_boxes=1}",
    ],
)
def test_a_checkpoint_of_another_configuration_is_refused(saved, setting):
    options = ["env_options={}"] if setting == "env=ring" else []
    other = build_trainer(tiny_config(*options, setting))
    with pytest.raises(InputError, match="another configuration") as caught:
        restore_checkpoint(other, saved)
    assert "\n" not in str(caught.value)


def test_no_pickle_is_ever_loaded(saved, other):
    harm = np.array([{"a": 1}], dtype=object)
    with np.load(saved / "memory.npz") as arrays:
        held = dict(arrays)
    np.savez(saved / "memory.npz", **(held | {"actions": harm}))
    with pytest.raises(InputError, match="allow_pickle"):
        restore_checkpoint(other, saved)


def test_the_earlier_checkpoint_serves_once_the_damaged_one_is_removed(trainer, tmp_path):
    earlier = save_checkpoint(trainer, tmp_path)
    later = tmp_path / "step-00000009"
    shutil.copytree(earlier, later)
    (later / "weights.index").unlink()
    other = build_trainer(tiny_config())
    with pytest.raises(InputError, match=later.name):
        restore_checkpoint(other, latest_checkpoint(tmp_path))
    shutil.rmtree(later)
    restore_checkpoint(other, latest_checkpoint(tmp_path))
    assert_same_state(state_of(other), state_of(trainer))


def test_the_report_after_a_resume_is_that_of_an_undisturbed_run(tmp_path):
    config = tiny_config("trainer.log_every=4")
    whole, resumed = [], []
    build_trainer(config).run(whole.append)
    stopped = build_trainer(config)
    stopped.run(resumed.append, stop=lambda: stopped.step == 3)
    follower = build_trainer(config)
    restore_checkpoint(follower, save_checkpoint(stopped, tmp_path))
    follower.run(resumed.append)
    for row in (*whole, *resumed):
        del row["steps_per_second"]
    assert whole == resumed


def test_a_checkpoint_of_the_first_format_is_still_read(trainer, saved, other):
    (saved / "counters.json").write_text(json.dumps(trainer.counters()))
    restore_checkpoint(other, saved)
    assert other.counters() == trainer.counters()


@pytest.mark.parametrize("number", [3, 0, "2", None])
def test_a_checkpoint_of_another_format_is_refused_and_not_called_damaged(saved, other, number):
    content = json.loads((saved / "counters.json").read_text())
    assert content["format"] == 2
    (saved / "counters.json").write_text(json.dumps({**content, "format": number}))
    with pytest.raises(InputError, match=r"format.*\b1 to 2\b") as caught:
        restore_checkpoint(other, saved)
    assert "damaged" not in str(caught.value)
