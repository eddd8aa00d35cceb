"""Base classes of actor and critic, general networks, and the policy made of both."""
