import numpy as np
import pytest

from fag_tf.environments.planar_grasp.gripper import (
    DEFAULT_GRIPPER,
    FIELDS,
    PRESETS,
    RANGES,
    SOURCES,
    Gripper,
    parse_gripper,
)
from fag_tf.errors import InputError


def test_default_is_the_robotiq_in_the_order_of_the_contract():
    expected = np.array([0.085, 0.022, 0.0135, 0.5, 0.001, 0.030], np.float32)
    np.testing.assert_array_equal(DEFAULT_GRIPPER.vector(), expected)
    assert DEFAULT_GRIPPER.vector().dtype == np.float32
    assert PRESETS["robotiq_2f85"] == DEFAULT_GRIPPER
    assert (PRESETS["franka_hand"].opening, PRESETS["franka_hand"].pad_width) == (0.080, 0.0175)


def test_every_preset_says_which_numbers_are_published_and_where():
    assert set(SOURCES) == set(PRESETS)
    for name, source in SOURCES.items():
        assert source.source.startswith("github.com/")
        assert "opening" in source.fields
        assumed = set(FIELDS) - set(source.fields)
        for field in assumed:
            assert getattr(PRESETS[name], field) == getattr(DEFAULT_GRIPPER, field)


def test_presets_open_as_wide_as_their_sources_say():
    openings = {name: gripper.opening for name, gripper in PRESETS.items()}
    assert openings["onrobot_2fg7"] == pytest.approx(2 * (0.019 - 0.0005))
    travels = {"robotiq_hande": 0.025, "franka_hand": 0.040, "schunk_wsg50": 0.055}
    travels |= {"schunk_egk25": 0.0265, "schunk_egu50": 0.051}
    for name, travel in travels.items():
        assert f"travels {1e3 * travel:g} mm" in SOURCES[name].words
        assert openings[name] == pytest.approx(2 * travel)
    for name in ("robotiq_2f85", "robotiq_2f140", "onrobot_rg2", "onrobot_rg6"):
        assert f"{1e3 * openings[name]:g} mm" in SOURCES[name].words


def test_every_random_gripper_and_every_preset_is_in_the_trained_range():
    rng = np.random.default_rng(0)
    grippers = [*PRESETS.values(), *(Gripper.random(rng) for _ in range(50))]
    low, high = np.array([RANGES[name] for name in FIELDS]).T
    for gripper in grippers:
        values = [getattr(gripper, name) for name in FIELDS]
        assert np.all((low <= values) & (values <= high))


def test_random_grippers_fill_the_ranges():
    rng = np.random.default_rng(0)
    drawn = np.array([Gripper.random(rng).vector() for _ in range(400)])
    low, high = np.array([RANGES[name] for name in FIELDS]).T
    assert np.all(drawn.min(axis=0) < low + 0.03 * (high - low))
    assert np.all(drawn.max(axis=0) > high - 0.03 * (high - low))


@pytest.mark.parametrize("wrong", [0.0, -0.01, float("nan"), float("inf"), 85.0])
@pytest.mark.parametrize("name", FIELDS)
def test_numbers_no_gripper_has_are_rejected_by_name(name, wrong):
    with pytest.raises(InputError, match=f"{name}.*{wrong:g}"):
        Gripper(**{name: wrong})


def test_pads_that_yield_more_than_they_open_are_rejected():
    with pytest.raises(InputError, match="compliance"):
        Gripper(opening=0.01, compliance=0.02)


def test_parsing_takes_presets_and_lists():
    assert parse_gripper("robotiq_2f85") == DEFAULT_GRIPPER
    assert parse_gripper(" Franka-Hand ") == PRESETS["franka_hand"]
    assert parse_gripper("opening=0.1, friction = 0.3") == Gripper(opening=0.1, friction=0.3)


def test_what_is_written_can_be_parsed():
    gripper = Gripper(0.06, 0.02, 0.007, 0.4, 0.0007, 0.05)
    assert parse_gripper(gripper.text()) == gripper


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("robotic", "robotiq_2f85, robotiq_2f140, robotiq_hande, franka_hand"),
        ("", "''.*robotiq_2f85"),
        ("width=0.1", "'width'.*opening, pad_width"),
        ("opening=wide", "opening.*'wide'"),
        ("opening=", "opening.*''"),
        ("opening=0.1,opening=0.1", "twice"),
        ("opening=0.1,", r"'opening=0\.1,'.*robotiq_2f85"),
        ("opening=85", r"opening.*\b85\b.*0\.085"),
        ("friction=-1", "friction.*-1"),
        ("opening=nan", "opening.*nan"),
    ],
)
def test_text_that_is_no_gripper_says_what_would_be(text, message):
    with pytest.raises(InputError, match=message) as caught:
        parse_gripper(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("jaw.toml", "opening = 0.1\nfriction = 0.4\n"),
        ("jaw.TOML", "opening = 0.1\nfriction = 4e-1\n"),
        ("jaw.json", '{"opening": 0.1, "friction": 0.4}'),
    ],
)
def test_a_file_gives_a_gripper(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert parse_gripper(str(tmp_path / name)) == Gripper(opening=0.1, friction=0.4)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("jaw.toml", None, "No such file"),
        ("jaw.toml", "opening", "TOML"),
        ("jaw.json", "{", "JSON"),
        ("jaw.json", "[0.1]", "table"),
        ("jaw.toml", "", "opening, pad_width"),
        ("jaw.toml", "width = 0.1", "'width'.*opening"),
        ("jaw.toml", "opening = true", "opening.*True"),
        ("jaw.toml", "opening = '0.1'", r"opening.*'0\.1'"),
        ("jaw.toml", "[opening]\nvalue = 0.1", r"opening.*\{'value': 0\.1\}"),
        ("jaw.toml", "opening = 85", r"opening.*\b85\b.*0\.085"),
        ("jaw.toml", "opening = nan", "opening.*nan"),
        ("jaw.json", '{"opening": 1' + "0" * 400 + "}", "too large"),
    ],
)
def test_a_file_that_is_no_gripper_says_what_would_be(tmp_path, name, text, message):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        parse_gripper(str(tmp_path / name))
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
