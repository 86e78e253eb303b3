"""Running cells: the one loop over time, Programs and their host loop, checkpoints. Knows no neuron."""

from .blocks import run_block as run_block
from .blocks import run_steps as run_steps
from .blocks import streams as streams
from .checkpoint import load_tree as load_tree
from .checkpoint import save_tree as save_tree
from .fingerprint import digest_of as digest_of
from .fingerprint import fingerprint as fingerprint
from .program import Once as Once
from .program import Plan as Plan
from .program import Point as Point
from .program import Program as Program
from .program import Simulation as Simulation
from .segments import Checkpoint as Checkpoint
from .segments import Driven as Driven
from .segments import Progress as Progress
from .segments import drive as drive
from .segments import run_program as run_program
from .segments import segment_length as segment_length
from .simulate import nothing as nothing
from .simulate import output as output
from .simulate import simulate as simulate
