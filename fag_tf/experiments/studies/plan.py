"""What a study consists of: cases, environments and seeds, and from them a list of runs."""

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
"""Part of every run's key: raise it when runs come to mean something else."""


@dataclass(frozen=True)
class Variant:
    """One row of a study's table.

    Attributes:
        name: what the row is called; unique in its study.
        method: what is fitted, by a name that `fag_tf.training.baselines.registry` or `controls`
            knows.
        settings: of the configuration, in the form of `--set`.
        env_options: of the environment, laid over those of the place.
        degraded: options of `DegradedEnvironment`, which gives the training its verdicts; empty
            for the environment's own.
        series: the line of a figure that this case belongs to; empty for a row of its own.
        x: its place on that line.
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
    """An environment that a study is made in.

    Attributes:
        name: entry point or `module:Class`.
        options: of its constructor.
        objects: that runs are evaluated on, each in one pose; None for the environment's own, each
            in as many as `EvaluationSpec` says.
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
    """What a run is evaluated on; see `fag_tf.evaluation.evaluate.evaluate`."""

    objects: tuple[str, ...] | None = None
    poses: int = 8
    num_samples: int = 1024
    k_coverage: int = 1024
    seed: int = 0


@dataclass(frozen=True)
class StudyRun:
    """One run: everything that decides its result, and its key.

    Attributes:
        case: name of its row.
        method: as in `Variant`.
        label: of the place that its table is named after.
        place: where it is evaluated.
        config: the resolved configuration as plain tables; its environment is the degraded one if
            the case degrades it.
        evaluated: what it is evaluated on.
        seed: of training.
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
        """A file's name, readable and different for whatever is different in what is run."""
        content = {**asdict(self), "config": as_first_format(self.config), "format": FORMAT}
        del content["label"], content["place"]["objects"]  # these follow from the rest
        if content["evaluated"]["objects"] is None:
            del content["evaluated"]["objects"]
        text = json.dumps(content, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:10]
        words = re.sub(r"[^A-Za-z0-9.]+", "-", f"{self.place.name} {self.case} {self.seed}")
        return f"{words[:80]}-{digest}"


@dataclass(frozen=True)
class Study:
    """A question and the cases that answer it.

    Attributes:
        name: of the command line.
        question: in one sentence.
        cases: rows, controls included.
        places: environments, unless the user names others.
        settings: of every case, in the form of `--set`; a case's own come after them.
        quick_cases: rows of the quick form.
        axis: what a case's `x` is, where cases form lines.
        x_figure: figure of the results that is x in place of the cases' own; empty for none.
        logarithmic: whether the axis is.
        columns: figures that its table has beside the usual ones.
        seeds: runs of each case, unless the user says how many.
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


@dataclass(frozen=True)
class Plan:
    """A study with its sizes fixed.

    Attributes:
        study: what is asked.
        seeds: K; every case is run with the seeds 0 to K - 1.
        settings: laid over those of the study and its cases.
        evaluated: what each run is evaluated on; a place's objects come before it.
    """

    study: Study
    seeds: int = 5
    settings: tuple[str, ...] = ()
    evaluated: EvaluationSpec = EvaluationSpec()

    def runs(self) -> list[StudyRun]:
        """All runs, seed by seed, so that what is there early holds every case.

        Raises:
            InputError: a setting is no good.
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
        """The same in small: the first environment, the quick cases, few samples.

        Args:
            settings: that make training short.
        """
        study = self.study
        cases = tuple(case for case in study.cases if case.name in study.quick_cases)
        return replace(
            self,
            study=replace(study, cases=cases, places=study.places[:1]),
            settings=(*settings, *self.settings),
            evaluated=EvaluationSpec(poses=2, num_samples=256, k_coverage=256),
        )
