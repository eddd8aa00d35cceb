"""The options of a training that takes seconds, and learns next to nothing."""

TINY = {
    "trainer.steps": 4,
    "trainer.batch": 2,
    "trainer.compile": False,
    "actor.width": 8,
    "actor.depth": 1,
    "critic.width": 8,
    "critic.depth": 1,
    "critic.states": 4,
    "critic.experiences": 8,
    "critic.warmup_steps": 1,
    "objective.num_supports": 8,
    "objective.num_samples": 8,
    "collect.initial_states": 2,
    "collect.states": 2,
    "collect.experiences": 8,
}
