from .action_mapping import ActionMapping
from .baselines import Lagrangian, Penalty, Projection, Replacement
from .constraint import ConstrainedEnv, Constraint
from .feasible_environment import FeasibleEnvironment, feasible_environment
from .saved_agent import SavedAgent, load_agent
from .vector_mapping import VectorActionMapping

__all__ = [
    "ActionMapping",
    "ConstrainedEnv",
    "Constraint",
    "FeasibleEnvironment",
    "Lagrangian",
    "Penalty",
    "Projection",
    "Replacement",
    "SavedAgent",
    "VectorActionMapping",
    "feasible_environment",
    "load_agent",
]
