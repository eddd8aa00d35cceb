"""The answer to a query: samples of the local sampler, filtered and ranked as requested."""

from dataclasses import dataclass, field

import numpy as np

from fag_tf.deployment.feasible_sampling import draw_feasible, usual_tries
from fag_tf.deployment.sampler import SavedModel
from fag_tf.deployment.samples import Samples
from fag_tf.deployment.serving.queries import Limits, Query

__all__ = ["Answer", "answer_query"]


@dataclass(frozen=True)
class Answer:
    """Actions for each state.

    Attributes:
        samples: actions with their feasibility and log density, `[B, K]`.
        tries: total number of actions drawn for all states.
        filtered: number of drawn actions below the least feasibility.
        parameters: values `seed` and `tries`, with which a client can repeat the answer.
    """

    samples: Samples
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
        samples = Samples(found.action, found.feasibility, found.log_density)
        samples, tries = samples.each(lambda array: array[None]), found.tries
        filtered = tries - len(found.action)
    else:
        if query.latent is None:
            samples = sampler.draw(query.observation, query.num_samples, query.seed)
        else:
            samples = sampler.run(query.observation, query.latent)
        tries = samples.feasibility.size
        if query.min_feasibility is not None:
            kept = samples.feasibility[0] >= query.min_feasibility
            samples = samples.each(lambda array: array[:, kept])
            filtered = tries - samples.feasibility.size
    if query.top_k is not None:
        best = np.argsort(-samples.feasibility, axis=1, kind="stable")[:, : query.top_k]
        state = np.arange(len(best))[:, None]
        samples = samples.each(lambda array: array[state, best])
    parameters = {} if query.latent is not None else {"seed": query.seed, "tries": tries}
    return Answer(samples, tries, filtered, parameters)
