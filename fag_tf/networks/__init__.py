"""The contracts of actor and critic, general networks, and the policy that both make."""
