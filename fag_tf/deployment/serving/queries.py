"""What a request asks of a model: arrays and parameters, checked against its card and limits."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.deployment.http.parameters import unit_share, whole_number
from fag_tf.deployment.sampler import SavedModel
from fag_tf.errors import InputError
from fag_tf.spaces import LATENT_INPUT, Observation

__all__ = ["PARAMETERS", "Limits", "Query", "parse_query"]

PARAMETERS = ("num_samples", "seed", "min_feasibility", "top_k")
"""Names of a request's own parameters."""

# Beside these the protocol's own, which the transport reads.
_TRANSPORT = ("binary_data_output",)
_GREATEST_SEED = 2**63 - 1


@dataclass(frozen=True)
class Limits:
    """What one request may ask for.

    Attributes:
        batch: greatest B, states.
        samples: greatest B N, actions in the answer.
        tries: how many actions are drawn at most in search of feasible ones.
        body: greatest size of a request, bytes.
    """

    batch: int = 32
    samples: int = 16_384
    tries: int = 65_536
    body: int = 32 << 20


@dataclass(frozen=True)
class Query:
    """A checked request.

    Attributes:
        observation: every input but the latent, `[B, ...]`.
        latent: `[B, N, Z]`, or None: then it is drawn from the seed.
        num_samples: N.
        seed: of the noise; drawn if the request has none. It means nothing if there is a latent.
        min_feasibility: the least critic's probability to keep, or None to keep all.
        top_k: how many of the likeliest actions of each state to give, or None for all in order.
    """

    observation: Observation
    latent: NDArray[np.float32] | None
    num_samples: int
    seed: int
    min_feasibility: float | None = None
    top_k: int | None = None

    @property
    def batch(self) -> int:
        """B."""
        return len(next(iter(self.observation.values())))


def parse_query(
    sampler: SavedModel,
    arrays: Mapping[str, NDArray[Any]],
    parameters: Mapping[str, Any],
    limits: Limits,
) -> Query:
    """Check what a request brings.

    Args:
        sampler: the model that is asked.
        arrays: its inputs by name; the latent may be missing.
        parameters: any of `PARAMETERS`; numbers may come as text, which is all that some clients
            can send.
        limits: what may be asked for.

    Raises:
        InputError: an array does not fit the card, a parameter is unknown, of the wrong kind or
            contradicts another, or more is asked for than the limits allow.
    """
    for name in parameters:
        if name not in (*PARAMETERS, *_TRANSPORT):
            raise InputError(f"parameter {name!r} is unknown; known are {', '.join(PARAMETERS)}")
    observation = {name: array for name, array in arrays.items() if name != LATENT_INPUT}
    for name, array in observation.items():
        if array.ndim and len(array) > limits.batch:
            raise InputError(
                f"{name} is of {len(array)} states; one request may have {limits.batch}"
            )
    observation = sampler.check_observation(observation)
    batch = len(next(iter(observation.values())))
    latent = None
    seed = whole_number(parameters, "seed", 0, _GREATEST_SEED)
    if LATENT_INPUT in arrays:
        for name in ("num_samples", "seed"):
            if name in parameters:
                raise InputError(f"{name} goes without {LATENT_INPUT}; send one or the other")
        shape = arrays[LATENT_INPUT].shape
        if len(shape) == 3:  # of any other shape it is refused below
            _check_samples(shape[0], shape[1], limits)
        latent = sampler.check_latent(arrays[LATENT_INPUT], batch)
        num_samples = latent.shape[1]
    else:
        wanted = whole_number(parameters, "num_samples", 1, None)
        if wanted is None:
            raise InputError(
                f"nothing says how many actions: send {LATENT_INPUT} as an input, "
                "or num_samples as a parameter"
            )
        num_samples = wanted
        _check_samples(batch, num_samples, limits)
    least = unit_share(parameters, "min_feasibility")
    if least is not None and batch != 1:
        raise InputError(
            f"min_feasibility with {batch} states; it leaves another number of actions to each, "
            "so send one state a request"
        )
    return Query(
        observation,
        latent,
        num_samples,
        secrets.randbelow(2**32) if seed is None else seed,
        least,
        whole_number(parameters, "top_k", 1, None),
    )


def _check_samples(batch: int, num_samples: int, limits: Limits) -> None:
    if batch * num_samples > limits.samples:
        raise InputError(
            f"{num_samples} actions for {batch} states asked for; "
            f"one request may have {limits.samples} in all"
        )
