from . import rl
from .config.schema import Config
from .deployment.feasible_sampling import FeasibleSamples, draw_feasible
from .deployment.grasp_sampling import GraspModel
from .deployment.sampler import SavedModel, load_model
from .deployment.samples import Samples
from .deployment.verified_sampling import GraspSamples
from .environments import planar_grasp
from .environments.base import Environment
from .environments.grid_truth import GridTruth
from .environments.registry import make_environment
from .environments.rejection_truth import RejectionTruth
from .environments.sampled_truth import SampledTruth
from .errors import InputError, TrainingFailedError
from .library import Run, open_run, train
from .spaces import ActionSpace, ArraySpec, Axis

__version__: str

__all__ = [
    "ActionSpace",
    "ArraySpec",
    "Axis",
    "Config",
    "Environment",
    "FeasibleSamples",
    "GraspModel",
    "GraspSamples",
    "GridTruth",
    "InputError",
    "RejectionTruth",
    "Run",
    "SampledTruth",
    "Samples",
    "SavedModel",
    "TrainingFailedError",
    "draw_feasible",
    "load_model",
    "make_environment",
    "open_run",
    "planar_grasp",
    "rl",
    "train",
]
