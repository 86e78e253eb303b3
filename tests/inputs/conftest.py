"""Bad input is tried as a user tries it: without the type checks that the other tests run under."""

import jaxtyping
import pytest


@pytest.fixture(autouse=True)
def as_a_user():
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
