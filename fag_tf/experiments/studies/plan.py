"""The content of a study: cases, environments and seeds, and the list of runs they give."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from fag_tf.config.legacy import as_first_format
from fag_tf.config.parsing import apply_settings, config_from_dict, config_to_dict
from fag_tf.errors import InputError

__all__ = ["EnvironmentSpec", "EvaluationSpec", "Plan", "Study", "StudyRun", "Variant"]

FORMAT = 1
"""Part of the key of every run; increase it when the meaning of runs changes."""


@dataclass(frozen=True)
class Variant:
    """One row of a study's table.

    Attributes:
        name: name of the row, unique in its study.
        method: name of the method in `fag_tf.training.baselines.registry` or `controls`.
        settings: settings of the configuration, in the form of `--set`.
        env_options: options of the environment, which override those of the place.
        degraded: options of `DegradedEnvironment`, which gives the labels of the training; empty
            for the environment's own labels.
        series: line of a chart that this case belongs to; empty for a separate row.
        x: position of the case on its line.
    """

    name: str
    method: str = "actor"
    settings: tuple[str, ...] = ()
    env_options: Mapping[str, Any] = field(default_factory=dict)
    degraded: Mapping[str, float] = field(default_factory=dict)
    series: str = ""
    x: float = 0.0


@dataclass(frozen=True)
class EnvironmentSpec:
    """An environment of a study.

    Attributes:
        name: entry point or `module:Class`.
        options: options of the constructor.
        objects: objects of the evaluation, each in one pose. None takes the environment's own
            objects, each in as many poses as `EvaluationSpec` has.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    objects: tuple[str, ...] | None = None

    @property
    def label(self) -> str:
        """The name with the options, for tables."""
        inner = ", ".join(f"{key}={value}" for key, value in self.options.items())
        return f"{self.name} ({inner})" if inner else self.name


@dataclass(frozen=True)
class EvaluationSpec:
    """Settings of the evaluation of a run; see `fag_tf.evaluation.evaluate.evaluate`."""

    objects: tuple[str, ...] | None = None
    poses: int = 8
    num_samples: int = 1024
    k_coverage: int = 1024
    seed: int = 0
    c2st_poses: int = 0


@dataclass(frozen=True)
class StudyRun:
    """One run: everything that determines its result, and its key.

    Attributes:
        case: name of the table row.
        method: name of the method, as in `Variant`.
        label: label of the place in the title of the table.
        place: environment of the evaluation.
        config: resolved configuration as plain tables; with the degraded environment if the case
            has one.
        evaluated: settings of the evaluation.
        seed: seed of the training.
    """

    case: str
    method: str
    label: str
    place: EnvironmentSpec
    config: Mapping[str, Any]
    evaluated: EvaluationSpec
    seed: int

    @property
    def key(self) -> str:
        """A readable file name that differs for different runs."""
        content = {**asdict(self), "config": as_first_format(self.config), "format": FORMAT}
        del content["label"], content["place"]["objects"]  # these follow from the other entries
        for name, default in (("objects", None), ("c2st_poses", 0)):
            if content["evaluated"][name] == default:
                del content["evaluated"][name]
        text = json.dumps(content, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:10]
        words = re.sub(r"[^A-Za-z0-9.]+", "-", f"{self.place.name} {self.case} {self.seed}")
        return f"{words[:80]}-{digest}"


@dataclass(frozen=True)
class Study:
    """A question and the cases that answer it.

    Attributes:
        name: name on the command line.
        question: question in one sentence.
        cases: rows of the table, including controls.
        places: environments, unless the user names others.
        settings: settings of every case, in the form of `--set`; settings of a case override them.
        quick_cases: names of the cases of the quick form.
        axis: meaning of `x` for cases that form lines.
        x_figure: figure of the results that replaces `x` of the cases; empty for none.
        logarithmic: whether the x axis is logarithmic.
        columns: additional figures of the table.
        seeds: number of runs of each case, unless the user gives a number.
        c2st_poses: number of states of each object that C2ST is measured in; it takes seconds each.
    """

    name: str
    question: str
    cases: tuple[Variant, ...]
    places: tuple[EnvironmentSpec, ...]
    settings: tuple[str, ...] = ()
    quick_cases: tuple[str, ...] = ()
    axis: str = ""
    x_figure: str = ""
    logarithmic: bool = False
    columns: tuple[str, ...] = ()
    seeds: int = 5
    c2st_poses: int = 0


@dataclass(frozen=True)
class Plan:
    """A study in a given size.

    Attributes:
        study: the study.
        seeds: number of seeds K; every case is run with the seeds 0 to K - 1.
        settings: settings that override those of the study and its cases.
        evaluated: settings of the evaluation of each run; the objects of a place override them.
    """

    study: Study
    seeds: int = 5
    settings: tuple[str, ...] = ()
    evaluated: EvaluationSpec = EvaluationSpec()

    def runs(self) -> list[StudyRun]:
        """All runs, ordered by seed, so that early results cover every case.

        Raises:
            InputError: a setting is invalid.
        """
        return [
            self._run(place, case, seed)
            for seed in range(self.seeds)
            for place in self.study.places
            for case in self.study.cases
        ]

    def _run(self, place: EnvironmentSpec, case: Variant, seed: int) -> StudyRun:
        label = place.label
        settings = (*self.study.settings, *case.settings, *self.settings)
        values = apply_settings({}, settings)
        for key in ("env", "env_options", "seed"):
            if key in values:
                raise InputError(f"--set {key}: a study sets it; use --env or --seeds")
        place = replace(place, options={**place.options, **case.env_options})
        options = dict(place.options)
        if case.degraded:
            inner = {"env": place.name, "env_options": options}
            values["env"] = "fag_tf.experiments.studies.degraded:DegradedEnvironment"
            values["env_options"] = {**inner, **case.degraded}
        else:
            values["env"], values["env_options"] = place.name, options
        values["seed"] = seed
        config = config_to_dict(config_from_dict(values))
        evaluated = self.evaluated
        if place.objects is not None:
            evaluated = replace(evaluated, objects=place.objects, poses=1)
        return StudyRun(case.name, case.method, label, place, config, evaluated, seed)

    def quick(self, settings: Sequence[str]) -> "Plan":
        """The plan in a small size: the first environment, the quick cases, few samples.

        Args:
            settings: settings that make training short.
        """
        study = self.study
        cases = tuple(case for case in study.cases if case.name in study.quick_cases)
        return replace(
            self,
            study=replace(study, cases=cases, places=study.places[:1]),
            settings=(*settings, *self.settings),
            evaluated=EvaluationSpec(poses=2, num_samples=256, k_coverage=256),
        )
