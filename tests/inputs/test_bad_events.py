"""What networks of exact spike times say to wrong input: a ValueError with field, value, what is allowed, a remedy."""

import numpy as np
import pytest

from jaxsnn.networks import EventLIF, EventQIF

from .messages import Bad, check_refusal, entries

NAN, INF = float("nan"), float("inf")
WEIGHTS = np.ones((2, 3), np.float32)
TIMES = np.array([[1.0, 2.0], [1.0, INF], [INF, INF]], np.float32)


def wrong(network, name):
    """Mistakes that both kinds of network can be made with."""
    make = lambda **options: network(**{"weight_in": WEIGHTS, **options})
    run = lambda times=TIMES, t_end=10.0: make()(times, t_end)
    return [
        Bad("a weight that is no number", lambda: make(weight_in=WEIGHTS * NAN), f"{name}.weight_in", "nan"),
        Bad("weights without an axis of inputs", lambda: make(weight_in=WEIGHTS[0]), f"{name}.weight_in", "(3,)"),
        Bad("recurrence among inputs", lambda: make(weight_rec=WEIGHTS), f"{name}.weight_rec", "(2, 3)"),
        Bad("a recurrent weight too large", lambda: make(weight_rec=np.full((2, 2), INF)), f"{name}.weight_rec", "inf"),
        Bad("a delay below zero", lambda: make(delay_in=-1.0), f"{name}.delay_in", "-1."),
        Bad("a delay for each neuron", lambda: make(delay_in=np.ones(2)), f"{name}.delay_in", "(2,)"),
        Bad(
            "a recurrent delay that is no number", lambda: make(weight_rec=np.eye(2), delay_rec=NAN), "delay_rec", "nan"
        ),
        Bad("no spikes kept", lambda: make(spikes=0), f"{name}.spikes", "0"),
        Bad("half an event", lambda: make(max_events=1.5), f"{name}.max_events", "1.5"),
        Bad("times of two inputs", lambda: run(TIMES[:2]), "input_times", "(2, 2)"),
        Bad("times without rows", lambda: run(TIMES[:, 0]), "input_times", "(3,)"),
        Bad("a time before zero", lambda: run(TIMES - 2.0), "input_times", "-1."),
        Bad("a time that is no number", lambda: run(TIMES * NAN), "input_times", "nan"),
        Bad("times that fall", lambda: run(TIMES[:, ::-1]), "input_times", "1"),
        Bad("no time to simulate", lambda: run(t_end=0.0), "t_end", "0."),
        Bad("an end that is no number", lambda: run(t_end=NAN), "t_end", "nan"),
    ]


LIF_ALONE = [
    Bad("a threshold at rest", lambda: EventLIF(WEIGHTS, threshold=0.0), "EventLIF.threshold", "0."),
    Bad("three thresholds", lambda: EventLIF(WEIGHTS, threshold=np.ones(3)), "EventLIF.threshold", "(3,)"),
    Bad("a time constant below zero", lambda: EventLIF(WEIGHTS, tau_mem=-5.0), "EventLIF.tau_mem", "-5."),
    Bad("a synapse without time", lambda: EventLIF(WEIGHTS, tau_syn=0.0), "EventLIF.tau_syn", "0."),
    Bad("a reset to threshold", lambda: EventLIF(WEIGHTS, reset=1.0), "EventLIF.reset", "1."),
    Bad("a slope below zero", lambda: EventLIF(WEIGHTS, min_slope=-1.0), "EventLIF.min_slope", "-1."),
]
QIF_ALONE = [
    Bad("a neuron that rests", lambda: EventQIF(WEIGHTS, drive=0.2), "EventQIF.drive", "0.2"),
    Bad("a drive that is no number", lambda: EventQIF(WEIGHTS, drive=NAN), "EventQIF.drive", "nan"),
    Bad("a start beyond the pole", lambda: EventQIF(WEIGHTS, start=INF), "EventQIF.start", "inf"),
    Bad("no time constant", lambda: EventQIF(WEIGHTS, tau=0.0), "EventQIF.tau", "0."),
]
TABLE = {
    "EventLIF": wrong(EventLIF, "EventLIF") + LIF_ALONE,
    "EventQIF": wrong(EventQIF, "EventQIF") + QIF_ALONE,
}


@pytest.mark.parametrize("bad", entries(TABLE))
def test_a_network_of_events_that_makes_no_sense_is_refused_in_a_paragraph(bad):
    check_refusal(bad)
