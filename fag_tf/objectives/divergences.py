"""f-divergences as gradient weights, by the names of their Csiszar functions in `tfp.vi`.

The divergence is D(p || q) = integral of q f(p / q). Its gradient with respect to q's parameters
is the integral of grad q times w(t), where t = p / q and w = f - t f'. With u = log t and
F(u) = f(exp u) the weight is w = F(u) - F'(u). TensorFlow Probability provides the functions F.
"""

import inspect
import math
from collections.abc import Callable, Mapping

import tensorflow as tf
import tensorflow_probability as tfp

from fag_tf.errors import InputError

__all__ = ["Divergence", "WeightedDivergence", "divergence_names"]

# Beyond these log ratios the weight has reached its limit (low end) or its power law (high end).
_LOWEST = -60.0
_HIGHEST = 30.0


def divergence_names() -> list[str]:
    """Names that `Divergence` accepts: functions of `tfp.vi` that require only `logu`."""
    names = []
    for name, function in inspect.getmembers(tfp.vi, inspect.isfunction):
        first, *others = inspect.signature(function).parameters.values()
        if first.name == "logu" and all(other.default is not other.empty for other in others):
            names.append(name)
    return sorted(names)


class Divergence:
    """The gradient weight of one f-divergence D(p || q) from the target p to the actor's q.

    Args:
        name: name of a Csiszar function in `tfp.vi`, such as `jensen_shannon`, `kl_forward` or
            `kl_reverse`.

    Attributes:
        needs_positive_target: whether the weight is unbounded where p = 0. The target p must then
            be above 0 everywhere.

    Raises:
        InputError: there is no function of that name.
    """

    def __init__(self, name: str) -> None:
        if name not in divergence_names():
            raise InputError(
                f"no divergence is called {name!r}; there are {', '.join(divergence_names())}"
            )
        self.name = name
        self._function: Callable[[tf.Tensor], tf.Tensor] = getattr(tfp.vi, name)
        ends = self._bare_weight(
            tf.constant([_LOWEST, 0.5 * _LOWEST, _HIGHEST - 1.0, _HIGHEST])
        ).numpy()
        self.needs_positive_target = bool(abs(ends[0] - ends[1]) > 0.01 * (1.0 + abs(ends[1])))
        # The exponent k of w ~ t^k for large t; 0 for a logarithm, which q's decay outweighs.
        growth = math.log(max(abs(ends[3]), 1e-30) / max(abs(ends[2]), 1e-30))
        self._power = round(2.0 * growth) / 2.0

    def __repr__(self) -> str:
        return f"Divergence({self.name!r})"

    def _bare_weight(self, log_ratio: tf.Tensor) -> tf.Tensor:
        # F and F' grow like t and nearly cancel, so their difference needs float64.
        log_ratio = tf.cast(log_ratio, tf.float64)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(log_ratio)
            value = self._function(log_ratio)
        return value - tape.gradient(value, log_ratio)

    def weight(self, log_ratio: tf.Tensor) -> tf.Tensor:
        """The gradient weight w(u) = F(u) - F'(u), in the shape of `log_ratio`.

        Log ratios below -60 or above 30 are clipped.
        """
        weight = self._bare_weight(tf.clip_by_value(log_ratio, _LOWEST, _HIGHEST))
        return tf.cast(weight, log_ratio.dtype)

    def weighted_ratio(self, log_ratio: tf.Tensor, log_importance: tf.Tensor) -> tf.Tensor:
        """Compute exp(log_importance) * w(u) without overflow.

        Far from all supports q underflows and p / q overflows, but their product is finite. There
        w follows a power of t. Its exponent is measured at the largest log ratio of the range.

        Args:
            log_ratio: u = log p / q, any shape; -inf where p = 0.
            log_importance: log q / r, in the shape of `log_ratio`.

        Returns:
            The product, in the shape of `log_ratio`.
        """
        weight = self.weight(log_ratio)
        beyond = tf.nn.relu(log_ratio - _HIGHEST)
        magnitude = tf.math.log(tf.abs(weight)) + self._power * beyond + log_importance
        # exp of a larger number is infinite in float32; gradient clipping bounds such weights.
        return tf.sign(weight) * tf.exp(tf.minimum(magnitude, 80.0))


class WeightedDivergence:
    """A weighted sum of f-divergences, whose weights may differ from call to call.

    Args:
        names: names of the divergences, in the order of `weights`.

    Raises:
        InputError: there is no name, or a name is unknown.
    """

    def __init__(self, names: Mapping[str, object] | list[str]) -> None:
        if not names:
            raise InputError("the objective needs at least one divergence, got none")
        self.parts = [Divergence(name) for name in names]

    @property
    def needs_positive_target(self) -> bool:
        """Whether any part needs a target above 0 everywhere."""
        return any(part.needs_positive_target for part in self.parts)

    def weighted_ratio(
        self, log_ratio: tf.Tensor, log_importance: tf.Tensor, weights: tf.Tensor
    ) -> tf.Tensor:
        """The sum of `Divergence.weighted_ratio` over the parts, weighted by `weights`.

        Args:
            log_ratio: u = log p / q, any shape; -inf where p = 0.
            log_importance: log q / r, in the shape of `log_ratio`.
            weights: weights of the parts, `[number of parts]`.

        Returns:
            The weighted sum, in the shape of `log_ratio`.
        """
        return sum(
            (
                weights[i] * part.weighted_ratio(log_ratio, log_importance)
                for i, part in enumerate(self.parts)
            ),
            tf.zeros_like(log_ratio),
        )
