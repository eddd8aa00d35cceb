"""The parallel jaw gripper: six numbers, their training ranges, and presets with their sources."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf._utils.files import read_config
from fag_tf.errors import InputError

__all__ = [
    "DEFAULT_GRIPPER",
    "FIELDS",
    "GRIPPER_SUFFIXES",
    "PRESETS",
    "RANGES",
    "SOURCES",
    "UNITS",
    "Gripper",
    "GripperSource",
    "as_gripper",
    "is_gripper_file",
    "parse_gripper",
]

# Greatest valid length, m. Larger numbers are probably millimetres.
_GREATEST = 1.0
_GREATEST_FRICTION = 10.0


@dataclass(frozen=True)
class Gripper:
    """A parallel jaw that descends fully open and closes. The default is a Robotiq 2F-85.

    Attributes:
        opening: free width between the pads, m.
        pad_width: width of a pad along the jaw face, m.
        finger_thickness: thickness of a finger along the closing direction, m.
        friction: coefficient of friction µ, without unit.
        compliance: greatest depth by which a pad yields, ε, m.
        max_lever: largest offset of the centre of mass along the pads, ℓ, m.

    Raises:
        InputError: a number is not finite, not above 0, or too large for SI units.
    """

    opening: float = 0.085
    pad_width: float = 0.022
    finger_thickness: float = 0.0135
    friction: float = 0.5
    compliance: float = 0.001
    max_lever: float = 0.030

    def __post_init__(self) -> None:
        for name in FIELDS:
            value = getattr(self, name)
            greatest = _GREATEST_FRICTION if name == "friction" else _GREATEST
            if not (math.isfinite(value) and 0.0 < value < greatest):
                raise InputError(
                    f"gripper {name} is {value:g}; it must lie between 0 and {greatest:g} "
                    f"{UNITS[name]}".rstrip("1 ")
                    + (" (85 mm is 0.085)" if UNITS[name] == "m" else "")
                )
        if self.compliance >= self.opening:
            raise InputError(
                f"gripper compliance {self.compliance:g} m is not below its opening "
                f"{self.opening:g} m; pads yield about 0.001 m"
            )

    def vector(self) -> NDArray[np.float32]:
        """The six numbers in the order of `FIELDS`, float32 `[6]`."""
        return np.array([getattr(self, name) for name in FIELDS], np.float32)

    @classmethod
    def random(cls, rng: np.random.Generator) -> "Gripper":
        """A gripper drawn uniformly from the training ranges."""
        return cls(*(float(rng.uniform(*RANGES[name])) for name in FIELDS))

    def text(self) -> str:
        """Text with every number named, in the form that `parse_gripper` reads."""
        return ",".join(f"{name}={getattr(self, name)!r}" for name in FIELDS)


FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Gripper))
"""Names of the six numbers, in the order of a gripper vector."""

UNITS: Mapping[str, str] = MappingProxyType(
    {name: "1" if name == "friction" else "m" for name in FIELDS}
)
"""Unit of each number."""

RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "opening": (0.020, 0.150),
        "pad_width": (0.005, 0.040),
        "finger_thickness": (0.004, 0.030),
        "friction": (0.2, 1.0),
        "compliance": (0.0003, 0.003),
        "max_lever": (0.010, 0.080),
    }
)
"""Least and greatest value of each number in the training of models."""

DEFAULT_GRIPPER = Gripper()

PRESETS: Mapping[str, Gripper] = MappingProxyType(
    {
        "robotiq_2f85": DEFAULT_GRIPPER,
        "robotiq_2f140": Gripper(opening=0.140, pad_width=0.027),
        "robotiq_hande": Gripper(opening=0.050),
        "franka_hand": Gripper(opening=0.080, pad_width=0.0175, finger_thickness=0.0152),
        "onrobot_rg2": Gripper(opening=0.1011, pad_width=0.0202, finger_thickness=0.01145),
        "onrobot_rg6": Gripper(opening=0.150, pad_width=0.025, finger_thickness=0.0134),
        "onrobot_2fg7": Gripper(opening=0.037, pad_width=0.034, finger_thickness=0.007),
        "schunk_wsg50": Gripper(opening=0.110, pad_width=0.020, finger_thickness=0.012),
        "schunk_egk25": Gripper(opening=0.053),
        "schunk_egu50": Gripper(opening=0.102),
    }
)
"""Grippers with a name; `SOURCES` gives the sources of their numbers."""


@dataclass(frozen=True)
class GripperSource:
    """Source of a preset's numbers.

    Attributes:
        fields: names of the numbers that the source gives. Other numbers are assumed, because
            friction and compliance depend on the pads and the part, and the greatest lever depends
            on the arm's strength.
        source: document or address of the numbers.
        words: content of the source.
    """

    fields: tuple[str, ...]
    source: str
    words: str


_ROBOTIQ = "github.com/ros-industrial-attic/robotiq"
_ONROBOT = "github.com/OnRobot/onrobot-ros2"
_ONROBOT_PROFILES = "onrobot_gripper_description/config/planning_profiles"
_SCHUNK = "github.com/SCHUNK-SE-Co-KG"

SOURCES: Mapping[str, GripperSource] = MappingProxyType(
    {
        "robotiq_2f85": GripperSource(
            ("opening", "pad_width"),
            f"{_ROBOTIQ}: robotiq_2f_85_gripper_visualization, README.md and "
            "urdf/robotiq_arg2f_85_model_macro.xacro",
            "stroke 85 mm; finger pad 22 mm wide, 37.5 mm long",
        ),
        "robotiq_2f140": GripperSource(
            ("opening", "pad_width"),
            f"{_ROBOTIQ}: robotiq_2f_140_gripper_visualization, README.md and "
            "urdf/robotiq_arg2f_140_model_macro.xacro",
            "stroke 140 mm; finger pad 27 mm wide, 65 mm long",
        ),
        "robotiq_hande": GripperSource(
            ("opening",),
            f"{_ROBOTIQ}: robotiq_2f_hande_gripper_visualization/urdf/"
            "robotiq_hande_gripper.urdf.xacro",
            "each finger travels 25 mm; its fingertips are exchangeable",
        ),
        "franka_hand": GripperSource(
            ("opening", "pad_width", "finger_thickness"),
            "github.com/frankaemika/franka_description: end_effectors/common/franka_hand.xacro",
            "each finger travels 40 mm; rubber tip 17.5 mm wide, 15.2 mm thick",
        ),
        "onrobot_rg2": GripperSource(
            ("opening", "pad_width", "finger_thickness"),
            f"{_ONROBOT}: {_ONROBOT_PROFILES}/rg2.yaml and "
            "onrobot_rg2/urdf/onrobot_rg2_macro.xacro",
            "standard rubber tips turned inwards stand 0 to 101.1 mm apart; tip 20.2 mm wide, "
            "11.45 mm thick",
        ),
        "onrobot_rg6": GripperSource(
            ("opening", "pad_width", "finger_thickness"),
            f"{_ONROBOT}: {_ONROBOT_PROFILES}/rg6.yaml and "
            "onrobot_rg6/urdf/onrobot_rg6_macro.xacro",
            "standard rubber tips turned inwards stand 0 to 150 mm apart; tip 25 mm wide, "
            "13.4 mm thick",
        ),
        "onrobot_2fg7": GripperSource(
            ("opening", "pad_width", "finger_thickness"),
            f"{_ONROBOT}: onrobot_2fg7/urdf/onrobot_2fg7_macro.xacro",
            "each finger travels 19 mm, and its silicone tip, turned inwards, starts 0.5 mm past "
            "the middle; tip 34 mm wide, 7 mm thick",
        ),
        "schunk_wsg50": GripperSource(
            ("opening", "pad_width", "finger_thickness"),
            "github.com/RobotLocomotion/models: wsg_50_description/sdf/schunk_wsg_50_no_tip.sdf",
            "each finger travels 55 mm from where both meet; finger 20 mm wide, 12 mm thick",
        ),
        "schunk_egk25": GripperSource(
            ("opening",),
            f"{_SCHUNK}/RoX_assets: data/sdf/egk_25.sdf",
            "each jaw travels 26.5 mm; its fingers are made for the part",
        ),
        "schunk_egu50": GripperSource(
            ("opening",),
            f"{_SCHUNK}/schunk_description: egu_50_description/urdf/egu_50_base_link.xacro",
            "each jaw travels 51 mm; its fingers are made for the part",
        ),
    }
)
"""Published robot description with the dimensions of each preset."""

GRIPPER_SUFFIXES = (".toml", ".json")
"""Suffixes of gripper files."""


def _assignments(parts: Sequence[str], text: str) -> dict[str, float]:
    values: dict[str, float] = {}
    for part in parts:
        name, equals, number = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise InputError(
                f"gripper {text!r} is neither a preset ({', '.join(PRESETS)}) "
                "nor a list like opening=0.085,pad_width=0.022 nor a .toml or .json file"
            )
        if name not in FIELDS:
            raise InputError(f"a gripper has no {name!r}; it has {', '.join(FIELDS)}")
        if name in values:
            raise InputError(f"gripper {text!r} gives {name} twice; give it once")
        try:
            values[name] = float(number)
        except ValueError:
            raise InputError(
                f"gripper {name} is {number!r}; it must be a number, such as "
                f"{getattr(DEFAULT_GRIPPER, name):g}"
            ) from None
    return values


def is_gripper_file(text: str) -> bool:
    """Whether a text is the path of a gripper file."""
    return Path(text.strip()).suffix.lower() in GRIPPER_SUFFIXES


def as_gripper(gripper: Gripper | str) -> Gripper:
    """A gripper as it is, or read from text by `parse_gripper`.

    Raises:
        InputError: it is neither, or the text cannot be read.
    """
    if isinstance(gripper, Gripper):
        return gripper
    if isinstance(gripper, str):
        return parse_gripper(gripper)
    raise InputError(
        f"the gripper is {gripper!r:.100}; it must be a Gripper, or text such as franka_hand or "
        "opening=0.07"
    )


def parse_gripper(text: str) -> Gripper:
    """Read a gripper: a preset's name, `opening=0.085,friction=0.4,...`, or a TOML or JSON file.

    Numbers are in SI units. Numbers that are not given keep their default values.

    Raises:
        InputError: there is no such preset, file or number, a number is given twice, or a value is
            invalid.
    """
    name = text.strip().lower().replace("-", "_")
    if name in PRESETS:
        return PRESETS[name]
    if is_gripper_file(text):
        return _read(Path(text.strip()))
    return Gripper(**_assignments(text.split(","), text))


def _read(path: Path) -> Gripper:
    values: dict[str, Any] = read_config(path, "gripper")
    if not values:
        raise InputError(f"the gripper {path} says nothing; it may have {', '.join(FIELDS)}")
    for name, value in values.items():
        if name not in FIELDS:
            raise InputError(f"{path}: a gripper has no {name!r}; it has {', '.join(FIELDS)}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(
                f"{path}: gripper {name} is {value!r}; it must be a number, such as "
                f"{getattr(DEFAULT_GRIPPER, name):g}"
            )
    try:
        return Gripper(**{name: float(value) for name, value in values.items()})
    except OverflowError as error:
        raise InputError(f"{path}: a number is far too large for a gripper") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
