"""Values by one formulation, derivatives by another that is equal to it.

A fast formulation may hold what JAX cannot differentiate backwards, such as a loop whose length depends on the data.
With `plain` equal to it and differentiable,

    @derivative_of(plain)
    def fast(...): ...

gives the value of `fast` and, in forward and reverse mode, the derivative of `plain`.
"""

from collections.abc import Callable

import jax


def derivative_of(plain: Callable) -> Callable[[Callable], Callable]:
    """plain: takes the same positional arrays as what is decorated, and returns the same tree."""

    def decorated(fast: Callable) -> Callable:
        value = jax.custom_jvp(fast)

        @value.defjvp
        def _derivative(primals, tangents):
            return value(*primals), jax.jvp(plain, primals, tangents)[1]

        return value

    return decorated
