"""Closed forms of the papers: they know nothing of the simulator, which is why agreement with it means something.

Tightly balanced network with delay and noise (Timcheck, Kadmon, Boahen & Ganguli 2022). Unless a function says
otherwise: noise is sigma and leak is lam_V in units of the readout time constant; delay is in mean population
inter-spike intervals; results are variances of the readout y of unit spikes, so a deviation of the decoded signal is
the square root divided by N. Arguments broadcast; neurons is a static integer. Everything but `neurons` is traced.

One leaky integrate-and-fire neuron driven by white noise: its rate (Siegert), in the units of its arguments.
"""

from .accumulation import accumulation as accumulation
from .baselines import poisson_variance as poisson_variance
from .baselines import synchronous_variance as synchronous_variance
from .delayed import bound_variance as bound_variance
from .delayed import estimate_variance as estimate_variance
from .delayed import first_order_bound as first_order_bound
from .delayed import noise_only as noise_only
from .delayed import sawtooth_variance as sawtooth_variance
from .delayed import spurious_in_time as spurious_in_time
from .delayed import spurious_per_event as spurious_per_event
from .delayed import spurious_spikes as spurious_spikes
from .delayed import stability_ratio as stability_ratio
from .delayed import stable_noise as stable_noise
from .delayed import synchrony_only as synchrony_only
from .maximum import maximum_covariance as maximum_covariance
from .maximum import maximum_mean as maximum_mean
from .maximum import maximum_variance as maximum_variance
from .maximum import persistence as persistence
from .optimum import Optimum as Optimum
from .optimum import local_exponent as local_exponent
from .optimum import minimise_over_noise as minimise_over_noise
from .optimum import optimal_noise as optimal_noise
from .packet import packet_advance as packet_advance
from .packet import packet_edge as packet_edge
from .packet import packet_width as packet_width
from .power_law import PowerLaw as PowerLaw
from .power_law import bound_power_law as bound_power_law
from .power_law import bound_slope as bound_slope
from .power_law import estimate_power_law as estimate_power_law
from .power_law import estimate_slope as estimate_slope
from .quasistatic import anticorrelation as anticorrelation
from .quasistatic import quasistatic_variance as quasistatic_variance
from .scaling import coding_error as coding_error
from .scaling import tuned_coding_error as tuned_coding_error
from .siegert import monitored_threshold as monitored_threshold
from .siegert import siegert_rate as siegert_rate
from .zero_delay import bias as bias
from .zero_delay import packet_variance as packet_variance
from .zero_delay import regular_variance as regular_variance
from .zero_delay import renewal_variance as renewal_variance
from .zero_delay import same_neuron_fraction as same_neuron_fraction
from .zero_delay import small_leak_variance as small_leak_variance
