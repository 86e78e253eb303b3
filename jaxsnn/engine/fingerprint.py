"""The fingerprint of a program: what it computes, as a hash that is the same in every process and on every machine.

The program is traced and not run. Its jaxpr is written down equation by equation, variables by the order in which they
are met, numbers and constants by their bytes, what only a memory address tells apart as one. jax's own text of a jaxpr
is made for reading: it takes twice as long, abridges long arrays and leaves constants out.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal
from jaxtyping import PyTree

_ADDRESS = re.compile(r"0x[0-9a-f]+")


def fingerprint(run: Callable, *args: Any) -> tuple[str, Any]:
    """SHA-256 (hex) of what `run(*args)` computes, and the shapes of what it returns."""
    jaxpr, shapes = jax.make_jaxpr(lambda *a: run(*a), return_shape=True)(*args)  # a fresh lambda: no cached trace
    return _hash(_Text().of(jaxpr)), shapes


def digest_of(tree: PyTree) -> str:
    """SHA-256 (hex) of the numbers in a tree, with their types and shapes."""
    return _hash(_Text().of(jax.tree.leaves(tree)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class _Text:
    """The text of a program. Functions in it stand as hashes of theirs, so that it does not matter which jax traced
    once and which again."""

    functions: ClassVar[WeakKeyDictionary[Jaxpr, str]] = WeakKeyDictionary()  # of traces that are kept

    def __init__(self):
        self.types: dict[Any, str] = {}

    def of(self, value: Any) -> str:
        if value is None or isinstance(value, str | bool | int):
            return str(value)
        if isinstance(value, ClosedJaxpr):
            return self.function(value.jaxpr) + self.of(value.consts)
        if isinstance(value, Jaxpr):
            return self.function(value)
        if isinstance(value, list | tuple):
            return f"({','.join([self.of(item) for item in value])})"
        if isinstance(value, set | frozenset):
            return self.of(sorted(map(self.of, value)))
        if isinstance(value, dict):
            return self.of(sorted((str(name), self.of(item)) for name, item in value.items()))
        if isinstance(value, np.ndarray | np.generic | jax.Array | float | complex):
            return _numbers(value)
        return _ADDRESS.sub("0x", str(value))

    def function(self, jaxpr: Jaxpr) -> str:
        if jaxpr not in self.functions:
            self.functions[jaxpr] = _hash("\n".join(self.lines(jaxpr)))
        return self.functions[jaxpr]

    def lines(self, jaxpr: Jaxpr) -> Iterator[str]:
        variables: dict[Any, str] = {}

        def met(variable: Any) -> str:
            """A variable where it is set."""
            name = variables[variable] = f"v{len(variables)}"
            return f"{name}:{self.type(variable.aval)}"

        def used(atom: Any) -> str:
            return self.of(atom.val) + self.type(atom.aval) if isinstance(atom, Literal) else variables[atom]

        yield " ".join([met(variable) for variable in (*jaxpr.constvars, *jaxpr.invars)])
        for equation in jaxpr.eqns:
            given = " ".join([used(atom) for atom in equation.invars])
            options = ";".join([f"{name}={self.of(value)}" for name, value in sorted(equation.params.items())])
            made = " ".join([met(variable) for variable in equation.outvars])
            yield f"{made} = {equation.primitive.name}[{options}] {given}"
        yield " ".join([used(atom) for atom in jaxpr.outvars])

    def type(self, aval: Any) -> str:
        if aval not in self.types:
            self.types[aval] = str(aval)
        return self.types[aval]


def _numbers(value: Any) -> str:
    if hasattr(value, "dtype") and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        return f"{value.dtype}{_numbers(jax.random.key_data(value))}"
    array = np.asarray(value)
    return f"{array.dtype}{array.shape}{array.tobytes().hex()}"
