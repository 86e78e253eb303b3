"""Trainings: a function that trains one model, at every point of a grid and for every seed, each resumable.

    panel = Trainings(train, Grid(rule=["surrogate", "noise"], seed=5), {"epochs": 30}, key=0)
    data = panel.run("runs/x", workers=2)

For what a sweep cannot hold in one program: mini-batches from the host, minutes to hours each. `train(point, key,
checkpoint, **constants)` returns a dict of arrays; a run that is killed goes on from its checkpoint to the same bits.
"""

from .curves import learning_curves as learning_curves
from .kept import kept as kept
from .progress import Status as Status
from .sources import sources_of as sources_of
from .store import TrainingStore as TrainingStore
from .trainings import Training as Training
from .trainings import Trainings as Trainings
