import pytest

import fag_tf as fag
from reference.tiny_feasible import TINY

BAND = "reference.band:reference/Band-v0"


@pytest.fixture(scope="session")
def band_run(tmp_path_factory):
    """A run of hardly any steps that maps latents of the toy."""
    out = tmp_path_factory.mktemp("models") / "band"
    environment = fag.rl.feasible_environment(BAND, num_states=32, tries=16)
    return fag.train(environment, out=out, config=TINY)
