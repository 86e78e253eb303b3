"""Baseline: independent Poisson neurons of the same total rate, read out in the same way (error of xhat ~ N^-1/2)."""

import jax.numpy as jnp

from jaxsnn.engine import Simulation
from jaxsnn.networks import Chain, Constant, Parallel
from jaxsnn.noise import PoissonSource
from jaxsnn.readouts import DecayingMoments, ErrorReadout, Rate, Score
from jaxsnn.sweeps import Study
from jaxsnn.synapses import Dense

from .network import SETTINGS, prepare, readout, updates


def network(point):
    """One spike per mean interval in all, decoded with weight one."""
    neurons, window = point["neurons"], {"first": point["first"], "last": point["steps"]}
    spikes = Chain(PoissonSource(1 / neurons, size=neurons), Dense(jnp.ones((1, neurons))))
    error = DecayingMoments("output", rate=1 / point["rate"], drive="input.0", **window)
    meters = {"error": error, "rate": Rate("input.1", shape=1, **window)}
    return Chain(Parallel(Constant(jnp.ones(1)), spikes), Score(ErrorReadout(1 / point["rate"]), meters))


def _result(point, state):
    found = readout(point, state[1].meters)
    return {**found, "rate": found["rate"][0]}


def _prepare(point):
    return prepare({"leak": 1.0, "noise": 0.0, "delay": 0.0, **point})


POISSON = Study("timcheck_2022.poisson", 1, Simulation(network, _result), _prepare, SETTINGS, updates=updates)
