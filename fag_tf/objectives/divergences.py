"""f-divergences by the names of their Csiszar functions in `tfp.vi`, as gradient weights.

For D(p || q) = integral of q f(p / q), the gradient with respect to q's parameters is the
integral of grad q times w(t), where t = p / q and w = f - t f'. With F(u) = f(exp u) and
u = log t this is w = F - F'(u), so the functions TensorFlow Probability ships are enough.
"""

import inspect
import math
from collections.abc import Callable, Mapping

import tensorflow as tf
import tensorflow_probability as tfp

from fag_tf.errors import InputError

__all__ = ["Divergence", "WeightedDivergence", "divergence_names"]

# Beyond these log ratios float32 leaves nothing to add: the weight has reached its limit
# (below) or its power law (above).
_LOWEST = -60.0
_HIGHEST = 30.0


def divergence_names() -> list[str]:
    """Names that `Divergence` takes: `tfp.vi`'s functions of `logu` and nothing else required."""
    names = []
    for name, function in inspect.getmembers(tfp.vi, inspect.isfunction):
        first, *others = inspect.signature(function).parameters.values()
        if first.name == "logu" and all(other.default is not other.empty for other in others):
            names.append(name)
    return sorted(names)


class Divergence:
    """One f-divergence D(p || q) from target p to the actor's q, known by its gradient weight.

    Args:
        name: a Csiszar function in `tfp.vi`, such as `jensen_shannon`, `kl_forward` or
            `kl_reverse`.

    Attributes:
        needs_positive_target: whether the weight is unbounded where p = 0, so that p must be
            lifted off 0 everywhere.

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
        # The exponent k of w ~ t^k for large t, 0 for a logarithm, which q's decay outweighs.
        growth = math.log(max(abs(ends[3]), 1e-30) / max(abs(ends[2]), 1e-30))
        self._power = round(2.0 * growth) / 2.0

    def __repr__(self) -> str:
        return f"Divergence({self.name!r})"

    def _bare_weight(self, log_ratio: tf.Tensor) -> tf.Tensor:
        # F and F' grow like t and mostly cancel: float32 would leave nothing of the rest.
        log_ratio = tf.cast(log_ratio, tf.float64)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(log_ratio)
            value = self._function(log_ratio)
        return value - tape.gradient(value, log_ratio)

    def weight(self, log_ratio: tf.Tensor) -> tf.Tensor:
        """w(u) = F(u) - F'(u), of any shape; for ratios that float32 can hold."""
        weight = self._bare_weight(tf.clip_by_value(log_ratio, _LOWEST, _HIGHEST))
        return tf.cast(weight, log_ratio.dtype)

    def weighted_ratio(self, log_ratio: tf.Tensor, log_importance: tf.Tensor) -> tf.Tensor:
        """exp(log_importance) * w(u), without overflow where u is large and the other small.

        Args:
            log_ratio: u = log p / q, any shape; -inf where p = 0.
            log_importance: log q / r, the same shape.

        Far from all supports q underflows while p / q overflows; only their product is
        meant. There w follows a power of t, whose exponent is read off at the end of the range.
        """
        weight = self.weight(log_ratio)
        beyond = tf.nn.relu(log_ratio - _HIGHEST)
        magnitude = tf.math.log(tf.abs(weight)) + self._power * beyond + log_importance
        # exp of more than this is infinite in float32; a divergence that asks for it has
        # unbounded weights, and the gradient's clipping is the place to deal with them.
        return tf.sign(weight) * tf.exp(tf.minimum(magnitude, 80.0))


class WeightedDivergence:
    """A weighted sum of f-divergences, itself one; the weights may change from call to call.

    Args:
        names: the divergences; `weights` are given in the same order.
    """

    def __init__(self, names: Mapping[str, object] | list[str]) -> None:
        if not names:
            raise InputError("the objective needs at least one divergence, got none")
        self.parts = [Divergence(name) for name in names]

    @property
    def needs_positive_target(self) -> bool:
        """Whether any part does."""
        return any(part.needs_positive_target for part in self.parts)

    def weighted_ratio(
        self, log_ratio: tf.Tensor, log_importance: tf.Tensor, weights: tf.Tensor
    ) -> tf.Tensor:
        """As `Divergence.weighted_ratio`, summed with `weights` `[number of parts]`."""
        return sum(
            (
                weights[i] * part.weighted_ratio(log_ratio, log_importance)
                for i, part in enumerate(self.parts)
            ),
            tf.zeros_like(log_ratio),
        )
