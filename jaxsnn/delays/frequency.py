"""A delayed dense synapse over a whole sequence, by frequency: one real matrix product for each point of a transform.

    i[n, post] = sum_k,pre kernel_k[post, pre] x[n - k, pre]            K lags, `steps` outputs

is a cyclic convolution of length L = steps + K - 1 of which the last `steps` values are wanted, and at each frequency a
product of complex numbers. Gauss's three real products for one complex,

    re = p - r,   im = p + q,   p = a_re (x_re + x_im),   q = x_re (a_im - a_re),   r = x_im (a_re + a_im),

make the convolution bilinear with about 3/2 L real points: y = C ((A x) * (B kernel)), A, B and C constant matrices.
So everything is matrix products: A x and C y over time, and for each point one with a [pre, post] matrix, which is the
same for all of a batch (vmap). That is 3/2 (1 + (K - 1)/steps) times the arithmetic of a synapse without delays, where
the sum over lags costs K times.

The transform is exact: it holds for any kernel, the past included. But every number is rounded with the size of the
largest, and not its own: a current that is zero comes out as 1e-7 of the others. So a membrane that meets its
threshold exactly, with weights and delays in whole numbers, may miss it here.
"""

from functools import lru_cache
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


class Transform(NamedTuple):
    """The three matrices, in double precision."""

    signal: np.ndarray  # A, [point, row]
    kernel: np.ndarray  # B, [point, lag]
    back: np.ndarray  # C, [time, point]


@lru_cache(maxsize=32)
def transform(steps: int, lags: int) -> Transform:
    """For `lags` lags and `steps` outputs; rows = lags - 1 of the past and then the steps."""
    rows = steps + lags - 1
    complete = np.arange(1, (rows + 1) // 2)  # frequencies with a sine
    real = np.array([0, rows // 2] if rows % 2 == 0 else [0])  # and those without
    angle = lambda frequency, at: 2 * np.pi / rows * (np.outer(frequency, at) % rows)
    time = np.arange(lags - 1, rows)

    def parts(at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return np.cos(angle(real, at)), np.cos(angle(complete, at)), -np.sin(angle(complete, at))

    plain, re, im = parts(np.arange(rows))
    signal = np.concatenate([plain, re + im, re, im])
    plain, re, im = parts(np.arange(lags))
    kernel = np.concatenate([plain, re, im - re, re + im])
    plain, re, im = parts(time)  # exp(+i angle) has the cosine and minus `im`
    back = np.concatenate([plain, 2 * (re + im), 2 * im, -2 * re]) / rows
    return Transform(signal, kernel, back.T)


def by_frequency(
    timeline: Float[Array, "row pre"], steps: int, kernel: Float[Array, "lag post pre"]
) -> Float[Array, "time post"]:
    """As `contracted`: the current of the last `steps` rows, `kernel` at lag 0, 1, ...; earlier rows are the past."""
    lags = kernel.shape[0]
    of = transform(steps, lags)
    make = lambda matrix: jnp.asarray(matrix, timeline.dtype)
    signal = make(of.signal) @ timeline[timeline.shape[0] - (steps + lags - 1) :]
    weights = jnp.einsum("fk,koi->foi", make(of.kernel), kernel)
    return make(of.back) @ jnp.einsum("fi,foi->fo", signal, weights)
