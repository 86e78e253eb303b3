"""A convolution as one matrix product: the input under the kernel at every place, laid side by side.

    y[place, out] = sum_(a, b, in) x[in, stride place + (a, b)] weight[out, in, a, b]

Within a loop, where XLA's own convolution on a processor loses its fast forms, gradients are four to ten times faster
this way; outside of loops they take as long. It holds as many copies of the input as the kernel has places in a stride.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Maps = Float[Array, "time in height width"]
Kernel = Float[Array, "out in kernel_height kernel_width"]


def convolved(xs: Maps, weight: Kernel, stride: int, padding: int) -> Float[Array, "time out row column"]:
    """By patches on a processor, by the device's own convolution elsewhere."""
    by_patches = lambda xs, weight: as_product(xs, weight, stride, padding)
    own = lambda xs, weight: jax.lax.conv_general_dilated(xs, weight, (stride, stride), ((padding, padding),) * 2)
    return jax.lax.platform_dependent(xs, weight, cpu=by_patches, default=own)


def as_product(xs: Maps, weight: Kernel, stride: int, padding: int) -> Float[Array, "time out row column"]:
    out, _, height, width = weight.shape
    padded = jnp.pad(xs, ((0, 0), (0, 0), (padding, padding), (padding, padding))).transpose(0, 2, 3, 1)
    rows, columns = (padded.shape[1] - height) // stride + 1, (padded.shape[2] - width) // stride + 1
    under = lambda first, count: slice(first, first + stride * (count - 1) + 1, stride)
    patches = [padded[:, under(a, rows), under(b, columns)] for a in range(height) for b in range(width)]
    kernel = weight.transpose(2, 3, 1, 0).reshape(-1, out)
    return (jnp.concatenate(patches, axis=-1) @ kernel).transpose(0, 3, 1, 2)
