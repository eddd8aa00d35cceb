"""The answer to a query: samples of the local sampler, filtered and ranked as requested."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fag_tf.deployment.feasible_sampling import draw_feasible, usual_tries
from fag_tf.deployment.sampler import SavedModel
from fag_tf.deployment.serving.queries import Limits, Query

__all__ = ["Answer", "answer_query"]


@dataclass(frozen=True)
class Answer:
    """Actions for each state.

    Attributes:
        action: actions `[B, K, A]` float32.
        feasibility: critic's probability of each action, `[B, K]` float32.
        tries: total number of actions drawn for all states.
        filtered: number of drawn actions below the least feasibility.
        parameters: values `seed` and `tries`, with which a client can repeat the answer.
    """

    action: NDArray[np.float32]
    feasibility: NDArray[np.float32]
    tries: int
    filtered: int
    parameters: dict[str, int] = field(default_factory=dict)


def answer_query(sampler: SavedModel, query: Query, limits: Limits) -> Answer:
    """Run the model.

    With a least feasibility and no latent, the model draws until `num_samples` actions reach the
    least feasibility, as in `draw_feasible`. With a latent, actions below the least feasibility are
    left out. `top_k` then selects the actions of greatest feasibility, in falling order.

    Raises:
        InputError: the model itself fails. Queries are checked before this call.
    """
    filtered = 0
    if query.latent is None and query.min_feasibility is not None:
        (found,) = draw_feasible(
            sampler,
            query.observation,
            query.num_samples,
            query.seed,
            query.min_feasibility,
            min(usual_tries(query.num_samples), limits.tries),
        )
        action, feasibility, tries = found.action[None], found.feasibility[None], found.tries
        filtered = tries - len(found.action)
    else:
        if query.latent is None:
            action, feasibility = sampler.sample(query.observation, query.num_samples, query.seed)
        else:
            action, feasibility = sampler.run(query.observation, query.latent)
        tries = feasibility.size
        if query.min_feasibility is not None:
            kept = feasibility[0] >= query.min_feasibility
            action, feasibility = action[:, kept], feasibility[:, kept]
            filtered = tries - feasibility.size
    if query.top_k is not None:
        best = np.argsort(-feasibility, axis=1, kind="stable")[:, : query.top_k]
        action = np.take_along_axis(action, best[..., None], axis=1)
        feasibility = np.take_along_axis(feasibility, best, axis=1)
    parameters = {} if query.latent is not None else {"seed": query.seed, "tries": tries}
    return Answer(action, feasibility, tries, filtered, parameters)
