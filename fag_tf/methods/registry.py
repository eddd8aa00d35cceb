"""Methods by their names, each loaded when it is fitted."""

import importlib
from collections.abc import Callable

from fag_tf.config import Config
from fag_tf.errors import InputError
from fag_tf.methods.fitted import Fitted

__all__ = ["METHODS", "fit_method"]

METHODS = {
    "actor": "actor:fit_actor",
    "cross-entropy search": "critic_search:fit_cross_entropy",
    "filtered uniform": "critic_search:fit_filtered_uniform",
    "flow": "flow:fit_flow",
    "maxent flow": "maximum_entropy:fit_maxent_flow",
    "maxent gaussian": "maximum_entropy:fit_maxent_gaussian",
    "maxent mixture": "maximum_entropy:fit_maxent_mixture",
    "wgan": "wgan:fit_wgan",
}
"""Module and function, in `fag_tf.methods`, that fits each method."""


def fit_method(name: str, config: Config) -> Fitted:
    """Fit a method in the environment of a configuration.

    Raises:
        InputError: there is no such method, or the configuration is impossible.
    """
    if name not in METHODS:
        raise InputError(f"no method is called {name!r}; there are {', '.join(METHODS)}")
    module, _, function = METHODS[name].partition(":")
    fit: Callable[[Config], Fitted] = getattr(
        importlib.import_module(f"fag_tf.methods.{module}"), function
    )
    return fit(config)
