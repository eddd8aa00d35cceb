import dataclasses
import json

import numpy as np
import pytest

from fag_tf.deployment.model_card import ModelCard, build_card
from fag_tf.deployment.model_card_files import read_card, write_card
from fag_tf.errors import InputError
from fag_tf.spaces import ActionSpace, ArraySpec, Axis

SPACE = ActionSpace([Axis("x", -1.0, 2.0, "m"), Axis("turn", 0.0, np.pi, "rad", periodic=True)])


def small_card(**changes) -> ModelCard:
    card = build_card("small", "boxes", SPACE, {"scene": ArraySpec((3,))}, 2)
    return dataclasses.replace(card, **changes)


def edited(tmp_path, edit):
    """Path of a good card after `edit` changed its JSON."""
    path = tmp_path / "model.json"
    write_card(small_card(), path)
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))
    return path


def test_a_card_reads_back_as_it_was_written(stand_in_card, tmp_path):
    write_card(stand_in_card, tmp_path / "model.json")
    assert read_card(tmp_path / "model.json") == stand_in_card


def test_the_period_of_a_periodic_axis_is_written(tmp_path):
    write_card(small_card(), tmp_path / "model.json")
    parts = json.loads((tmp_path / "model.json").read_text())["outputs"]["action"]["components"]
    assert "period" not in parts[0]
    assert parts[1]["period"] == pytest.approx(np.pi)


def test_the_grasp_card_holds_workspace_and_gripper_ranges(stand_in_card, tmp_path):
    write_card(stand_in_card, tmp_path / "model.json")
    content = json.loads((tmp_path / "model.json").read_text())
    assert content["workspace"]["side"] == 0.30
    assert content["gripper"]["ranges"]["opening"] == [0.02, 0.15]
    opening = content["inputs"]["gripper"]["components"][0]
    assert (opening["low"], opening["high"], opening["default"]) == (0.02, 0.15, 0.085)


def test_details_must_not_hide_an_entry_of_the_card(tmp_path):
    with pytest.raises(InputError, match="inputs"):
        write_card(small_card(details={"inputs": {}}), tmp_path / "model.json")


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_values_that_json_cannot_hold_are_refused_and_nothing_is_left(value, tmp_path):
    with pytest.raises(InputError, match="JSON"):
        write_card(small_card(figures={"rate": value}), tmp_path / "model.json")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_card_is_named(tmp_path):
    with pytest.raises(InputError, match=r"model\.json: No such file"):
        read_card(tmp_path / "model.json")


@pytest.mark.parametrize("length", [0, 1, 100])
def test_a_truncated_card_is_refused(length, tmp_path):
    path = edited(tmp_path, lambda content: None)
    path.write_text(path.read_text()[:length])
    with pytest.raises(InputError, match="JSON"):
        read_card(path)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "model.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read_card(tmp_path / "model.json")


@pytest.mark.parametrize("text", ["[]", "3", "{}", '{"format": "another"}'])
def test_other_json_is_no_card(text, tmp_path):
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(InputError, match="fag_tf model card"):
        read_card(tmp_path / "model.json")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda card: card.update(format_version=99), " 99"),
        (lambda card: card.pop("outputs"), "'outputs'"),
        (lambda card: card.pop("name"), "'name'"),
        (lambda card: card["inputs"].pop("latent"), "'scene'.*'latent'"),
        (lambda card: card["outputs"].pop("action"), "'feasibility'.*'action'"),
        (lambda card: card["latent"].update(size="two"), "latent.*'two'"),
        (lambda card: card["latent"].update(distribution="normal"), "'normal'"),
        (lambda card: card.update(inputs=[]), r"'inputs'.*\[\]"),
        (lambda card: card["inputs"]["scene"].pop("shape"), "'shape'"),
        (lambda card: card["inputs"]["scene"].update(shape=["B", 0]), r"\('B', 0\)"),
        (lambda card: card["inputs"]["scene"].update(components=[{"colour": 1}]), "colour"),
        (lambda card: card["outputs"]["action"]["components"].pop(), r" 1 .*\('B', 'N', 2\)"),
        (lambda card: card["outputs"]["action"]["components"][0].pop("low"), "bounds.*'x'"),
        (
            lambda card: card["outputs"]["action"]["components"][0].update(low=float("nan")),
            "low.*'x'.*nan",
        ),
        (lambda card: card.update(name=["small"]), r"'name'.*\['small'\]"),
        (lambda card: card.update(training=[]), r"'training'.*\[\]"),
        (lambda card: card["latent"].update(size=3), r"'latent'.*\('B', 'N', 2\).*\('B', 'N', 3\)"),
        (lambda card: card["inputs"]["scene"].update(shape=[]), r"'scene'.*\(\)"),
        (lambda card: card["inputs"]["scene"].update(shape=["N", 3]), r"'scene'.*\('N', 3\)"),
        (lambda card: card["inputs"]["scene"].update(dtype="object"), "'scene'.*'object'"),
    ],
)
def test_a_wrong_entry_is_refused_in_one_line(edit, message, tmp_path):
    path = edited(tmp_path, edit)
    with pytest.raises(InputError, match=message) as caught:
        read_card(path)
    assert "\n" not in str(caught.value)
