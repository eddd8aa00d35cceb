"""What holds for the package as a whole: names, docstrings, which module may know which."""

import ast
import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import fag_tf
import fag_tf.cli

ROOT = Path(fag_tf.__file__).parent
COMMANDS = Path(fag_tf.cli.__file__).parent
TESTS = Path(__file__).parent

# From low to high: a room may import what lies below it.
ROOMS = (
    "errors",
    "spaces",
    "latents",
    "_utils",
    "parallel",
    "config",
    "objectives",
    "networks",
    "environments",
    "evaluation",
    "training",
    "deployment",
    "library",
    "rl",
    "experiments",
    "cli",
)

# Read without TensorFlow by whoever only samples, judges or asks for help.
LIGHT_ROOMS = (
    *("errors", "spaces", "latents", "_utils", "parallel", "config", "environments", "cli"),
)
LIGHT = (
    "fag_tf",
    "fag_tf.evaluation.evaluate",
    "fag_tf.evaluation.metrics",
    "fag_tf.deployment.batch_sampling",
    "fag_tf.deployment.feasible_sampling",
    "fag_tf.deployment.model_folders",
    "fag_tf.deployment.sample_files",
    "fag_tf.deployment.sample_groups",
    "fag_tf.deployment.sampler",
    "fag_tf.deployment.verified_sampling",
    "fag_tf.training.replay_memory",
    "fag_tf.training.run",
)
# Those that are made of it: networks of environments and what they read.
HEAVY = ("fag_tf.environments.planar_grasp.networks.", "fag_tf.environments.motion.networks.")


def source_files():
    """Every module's dotted name and file; the commands live in a folder of their own."""
    files = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        files[".".join(["fag_tf", *parts]).removesuffix(".__init__")] = path
    for path in sorted(COMMANDS.glob("*.py")):
        files[f"fag_tf.cli.{path.stem}".removesuffix(".__init__")] = path
    return files


SOURCES = source_files()
# What stands on PyTorch, which the tests' environment lacks: tests/check_rl brings it.
WITH_TORCH = "fag_tf.rl.stable_baselines."
TORCH_IS_THERE = importlib.util.find_spec("stable_baselines3") is not None
MODULES = [
    name
    for name in SOURCES
    if not name.rpartition(".")[2].startswith("_")
    and (TORCH_IS_THERE or not name.startswith(WITH_TORCH))
]
every_module = pytest.mark.parametrize("name", MODULES)


def imports_of(path):
    """Modules of the package that a file imports, wherever it does so, but for types alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            module = node.module or ""
            found |= {f"{module}.{alias.name}" for alias in node.names} & SOURCES.keys()
            found.add(module)
    return {name for name in found if name.split(".")[0] == "fag_tf"}


# Names ------------------------------------------------------------------------------------------


def test_the_walk_finds_the_package():
    assert {
        "fag_tf.objectives.f_divergence",
        "fag_tf.environments.toys.planar",
        "fag_tf.cli.main",
    } <= set(MODULES)
    assert len(MODULES) > 30


@every_module
def test_a_module_says_what_it_is(name):
    assert ast.get_docstring(ast.parse(SOURCES[name].read_text(encoding="utf-8")))


@every_module
def test_the_public_names_are_listed_in_order_and_exist(name):
    module = importlib.import_module(name)
    if SOURCES[name].stem == "__init__":
        assert not [
            key for key, value in vars(module).items() if getattr(value, "__module__", 0) == name
        ]
        return
    names = module.__all__
    # Constants first, then classes, then functions, each in order, as ruff sorts them.
    order = sorted(names, key=lambda n: (not n.isupper(), not n[0].isupper(), n))
    assert list(names) == order
    assert len(set(names)) == len(names)
    for attribute in names:
        assert hasattr(module, attribute), attribute
        assert not attribute.startswith("_")


@every_module
def test_what_is_public_is_documented(name):
    module = importlib.import_module(name)
    for attribute in getattr(module, "__all__", ()):
        value = getattr(module, attribute)
        if (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__ == name:
            assert (value.__doc__ or "").strip(), f"{name}.{attribute} has no docstring"


# Who knows whom ---------------------------------------------------------------------------------


def room_of(name):
    return [*name.split("."), ""][1]


def test_every_module_has_its_room():
    rooms = {room_of(name) for name in SOURCES} - {"", "exported_models"}
    assert rooms == set(ROOMS)


@every_module
def test_imports_point_downwards(name):
    room = room_of(name)
    for imported in imports_of(SOURCES[name]):
        if room and room_of(imported):
            low, high = ROOMS.index(room_of(imported)), ROOMS.index(room)
            assert low <= high, f"{name} imports {imported}, which lies above it"


@every_module
def test_the_core_knows_no_task_and_nobody_knows_the_commands(name):
    imported = imports_of(SOURCES[name])
    room = room_of(name)
    if room in (*ROOMS[: ROOMS.index("environments")], "evaluation", "training"):
        tasks = ("planar_grasp", ".toys", ".motion")
        assert not [other for other in imported if any(task in other for task in tasks)]
    if room != "cli":
        assert not [other for other in imported if other.startswith("fag_tf.cli")]


def test_modules_do_not_import_one_another_in_a_circle():
    graph = {
        name: {other for other in imports_of(path) if other in SOURCES and other != name}
        for name, path in SOURCES.items()
    }
    state = {}

    def visit(name, path):
        if state.get(name) == "done":
            return
        assert state.get(name) != "open", " -> ".join([*path, name])
        state[name] = "open"
        for other in graph[name]:
            visit(other, [*path, name])
        state[name] = "done"

    for name in graph:
        visit(name, [])


# What is imported when --------------------------------------------------------------------------


def test_tensorflow_is_not_imported_before_it_is_needed():
    light = [
        name
        for name in MODULES
        if (name in LIGHT or room_of(name) in LIGHT_ROOMS or ".serving." in name)
        and not name.startswith(HEAVY)
    ]
    script = (
        "import importlib, sys\n"
        f"for name in {light!r}:\n"
        "    importlib.import_module(name)\n"
        "    heavy = {'tensorflow', 'tensorflow_probability', 'keras', 'tf_keras', 'sklearn'}\n"
        "    heavy.add('ray')\n"
        "    found = heavy & sys.modules.keys()\n"
        "    assert not found, f'{name} imports {sorted(found)}'\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr.strip().splitlines()[-1]


def test_the_help_imports_neither_tensorflow_nor_any_command():
    script = (
        "import sys\n"
        "from fag_tf.cli.main import run\n"
        "assert run(['--help']) == 0\n"
        "assert 'tensorflow' not in sys.modules\n"
        "assert not {'fag_tf.cli.train', 'fag_tf.cli.sample', 'numpy'} & sys.modules.keys()\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr.strip().splitlines()[-1:]


# Tests ------------------------------------------------------------------------------------------


# Modules that no test names, and the tests that run them.
RUN_BY = {
    "fag_tf.cli.options": "cli/test_main.py",
    "fag_tf.cli.physics_options": "cli/test_check_physics.py",
    "fag_tf.cli.sample_options": "cli/test_sample.py",
    "fag_tf.cli.stopping": "cli/test_train.py",
    "fag_tf.cli.study_agents": "rl_sb3/test_study.py",
    "fag_tf.cli.study_physics": "experiments/studies/test_physics.py",
    "fag_tf.cli.sample_reports": "cli/test_sample.py",
    "fag_tf.deployment.playground.server": "deployment/playground/test_browser.py",
    "fag_tf.deployment.serving.monitoring": "deployment/serving/test_rest.py",
    "fag_tf.environments.motion.colours": "environments/motion/test_environments.py",
    "fag_tf.environments.motion.robot_arm.drawing": "environments/motion/test_environments.py",
    "fag_tf.environments.motion.spline_path.drawing": "environments/motion/test_environments.py",
    "fag_tf.environments.planar_grasp.parts.families": "environments/planar_grasp/test_states.py",
    "fag_tf.environments.records": "environments/motion/test_environments.py",
    "fag_tf.environments.planar_grasp.parts.primitives": "environments/planar_grasp/test_states.py",
    "fag_tf.environments.toys.base": "environments/toys/test_planar.py",
    "fag_tf.experiments.benchmarks.cold_start": "experiments/benchmarks/test_registry.py",
    "fag_tf.experiments.benchmarks.kernel_memory": "experiments/benchmarks/test_registry.py",
    "fag_tf.experiments.studies.grasp_questions": "experiments/studies/test_catalogue.py",
    "fag_tf.experiments.studies.questions": "experiments/studies/test_catalogue.py",
    "fag_tf.rl.constraint": "rl/tasks/test_registry.py",
    "fag_tf.rl.extras": "rl/test_extras.py",
    "fag_tf.rl.function_constraint": "rl/test_feasible_environment.py",
    "fag_tf.rl.tasks.pictures": "rl/tasks/test_motion_task.py",
    "fag_tf.rl.observed_inputs": "rl/test_feasible_environment.py",
    "fag_tf.rl.stable_baselines.building": "rl_sb3/test_training.py",
    "fag_tf.rl.stable_baselines.resampling": "rl_sb3/test_training.py",
    "fag_tf.rl.stable_baselines.training": "rl_sb3/test_training.py",
    "fag_tf.training.baselines.actor": "training/baselines/test_baselines.py",
    "fag_tf.training.baselines.maximum_entropy": "training/baselines/test_baselines.py",
    "fag_tf.training.baselines.wgan": "training/baselines/test_baselines.py",
}


def mirrored_test(name):
    """Where a module's own tests would stand."""
    *rooms, own = name.split(".")[1:]
    return "/".join([*rooms, f"test_{own}.py"])


def test_every_module_is_tested():
    named = set()
    for path in TESTS.rglob("*.py"):
        named |= imports_of(path)
    for name in MODULES:
        if SOURCES[name].stem != "__init__" and name not in named:
            tests = TESTS / RUN_BY.get(name, mirrored_test(name))
            assert tests.exists(), f"{name} has no tests; where should they stand?"
    known = {name for name in RUN_BY if not name.startswith(WITH_TORCH)}
    assert not known - set(MODULES), "RUN_BY names modules that are gone"
