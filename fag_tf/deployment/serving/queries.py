"""The arrays and parameters of a request, checked against the card and the limits."""

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
"""Names of the request parameters of this server."""

# Parameters of the protocol that the transport reads. The last is of Triton's clients in C++, which
# send it with every request by gRPC; it says how a stream of several answers ends, and here one
# answer is all.
_TRANSPORT = ("binary_data_output", "triton_enable_empty_final_response")
_GREATEST_SEED = 2**63 - 1


@dataclass(frozen=True)
class Limits:
    """Limits of one request.

    Attributes:
        batch: greatest number of states, B.
        samples: greatest number of actions in the answer, B N.
        tries: greatest number of actions drawn to find feasible actions.
        body: greatest size of a request, bytes.
        seconds: greatest time from a request to its answer, s.
    """

    batch: int = 32
    samples: int = 16_384
    tries: int = 65_536
    body: int = 32 << 20
    seconds: float = 60.0


@dataclass(frozen=True)
class Query:
    """A checked request.

    Attributes:
        observation: every input except the latent, `[B, ...]`.
        latent: latents `[B, N, Z]`, or None to draw latents from the seed.
        num_samples: number of actions for each state, N.
        seed: seed of the noise, drawn if the request has no seed; without effect if there is a
            latent.
        min_feasibility: least probability of the critic to keep an action, or None to keep all
            actions.
        top_k: number of actions of greatest feasibility to return for each state, or None to return
            all actions in the order drawn.
    """

    observation: Observation
    latent: NDArray[np.float32] | None
    num_samples: int
    seed: int
    min_feasibility: float | None = None
    top_k: int | None = None

    @property
    def batch(self) -> int:
        """Number of states, B."""
        return len(next(iter(self.observation.values())))


def parse_query(
    sampler: SavedModel,
    arrays: Mapping[str, NDArray[Any]],
    parameters: Mapping[str, Any],
    limits: Limits,
) -> Query:
    """Check the content of a request.

    Args:
        sampler: the requested model.
        arrays: inputs by name; the latent may be missing.
        parameters: values for any of `PARAMETERS`; numbers may be text, because some clients can
            send only text.
        limits: limits of one request.

    Raises:
        InputError: an array does not fit the card; a parameter is unknown, has the wrong type or
            contradicts another one; or the request exceeds the limits.
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
        if len(shape) == 3:  # other shapes are refused below
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
