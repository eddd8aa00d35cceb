"""The policy of an algorithm as dense layers, for `fag_tf.rl.saved_agent`."""

from pathlib import Path
from typing import Any

from torch import nn

from fag_tf.errors import InputError
from fag_tf.rl.agent_config import AgentConfig
from fag_tf.rl.agent_onnx import Layer
from fag_tf.rl.saved_agent import policy_inputs, save_agent

__all__ = ["export_agent", "policy_layers"]

_ACTIVATIONS = {nn.ReLU: "Relu", nn.Tanh: "Tanh"}


def policy_layers(algorithm: Any) -> tuple[list[Layer], bool]:
    """The layers from a row of numbers to the mean action, and whether that has to be cut off.

    Raises:
        InputError: the policy is of another kind than the networks of dense layers by default.
    """
    policy = algorithm.policy
    if hasattr(policy, "actor"):
        # The mean of the Gaussian is squashed by a hyperbolic tangent.
        modules = [*policy.actor.latent_pi, policy.actor.mu, nn.Tanh()]
    else:
        modules = [*policy.mlp_extractor.policy_net, policy.action_net]
    layers: list[Layer] = []
    for module in modules:
        if isinstance(module, nn.Linear):
            weight, bias = (each.detach().cpu().numpy() for each in (module.weight, module.bias))
            layers.append(Layer(weight, bias, ""))
        elif type(module) in _ACTIVATIONS and layers:
            layers[-1] = layers[-1]._replace(activation=_ACTIVATIONS[type(module)])  # type: ignore[arg-type]
        else:
            raise InputError(f"the policy has a {type(module).__name__}, which is not exported")
    return layers, not hasattr(policy, "actor")


def export_agent(algorithm: Any, config: AgentConfig, directory: Path) -> None:
    """Write an algorithm's policy as a `SavedAgent`.

    Raises:
        InputError: the folder exists or cannot be written.
    """
    layers, bound = policy_layers(algorithm)
    description = {
        "env": config.env,
        "method": config.method,
        "model": config.model,
        "algorithm": config.algorithm,
        "seed": config.seed,
        "steps": int(algorithm.num_timesteps),
    }
    inputs = policy_inputs(algorithm.observation_space)
    save_agent(directory, inputs, layers, bound, description)
