"""Who says what: speakers, their split, and the plan of all utterances, a pure function of a seed.

A speaker is an espeak-ng variant (`+f3`), whatever language it speaks. Not used are effects rather than voices (robots,
whispers, a croak, an announcer, `fast`), variants with the same waveforms as another, and near-identical ones: of two
variants whose log cochleagrams of four words at the same speed and pitch correlate above `ALIKE`, the later in the
alphabet is left out (`python -m experiments.spoken_digits.likeness` lists them).

    train, validation, test    whole speakers; all variants of one name (`steph`, `steph2`, ...) on the same side,
                               English with all accents but one, and German
    accent                     the test's speakers with the English accent that nobody else has
    flite                      five voices of another synthesiser, English only
"""

from typing import NamedTuple

import numpy as np

from jaxsnn.core import check_size, require

from .speech import WORDS

SEED = 20
EFFECTS = ("AnxiousAndy", "Demonic", "UniRobot", "anikaRobot", "announcer", "croak", "fast", "whisper", "whisperf")
EFFECTS += ("robosoft", *(f"robosoft{n}" for n in range(2, 9)))
ALIKE = 0.995
NEAR_IDENTICAL = (
    "Tweaky",
    "benjamin",
    "caleb",
    "edward2",
    "john",
    "klatt",
    "klatt5",
    "klatt6",
    "miguel",
    "steph2",
    "steph3",
)
_NAMES = """
    Alex Alicia Andrea Andy Annie Denis Diogo Gene Gene2 Henrique Hugo Jacky Lee Marco Mario Michael Mike Mr_serious
    Nguyen RicishayMax RicishayMax2 RicishayMax3 Storm adam anika antonio aunty belinda boris david ed edward f1 f2
    f3 f4 f5 grandma grandpa gustave iven iven2 iven3 iven4 kaukovalta klatt2 klatt3 klatt4 linda m1 m2 m3 m4 m5 m6
    m7 m8 marcelo max michel norbert pablo paul pedro quincy rob robert sandro shelby steph travis victor zac
"""
SPEAKERS = tuple(name.replace("_", " ") for name in _NAMES.split())
FLITE = ("awb", "kal", "kal16", "rms", "slt")
ACCENTS = ("en-us", "en-gb", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029", "en-us-nyc")
HELD_OUT = "en-gb-scotland"
SPLITS = ("train", "validation", "test", "accent", "flite")
SPEEDS, PITCHES = (130, 200), (35, 65)  # words a minute; espeak's scale
STRETCHES = (0.8, 1.25)  # flite's
REPETITIONS = {"train": 4, "validation": 3, "test": 3, "accent": 2, "flite": 5}
_SIZES = {"test": 23, "validation": 9}


class Utterance(NamedTuple):
    split: str
    speaker: str
    voice: str  # espeak's accent or language, or "flite"
    label: int  # 0 to 19: English digits, then German ones
    repetition: int
    speed: float  # words a minute, or flite's stretch
    pitch: int  # 0 to 99; 0 for flite

    @property
    def word(self) -> str:
        return WORDS[self.label]

    @property
    def number(self) -> tuple[int, ...]:
        """What its random numbers depend on, besides the seed: not on who else is in the set."""
        return (SPLITS.index(self.split) // 3, *self.speaker.encode(), 0, self.label, self.repetition)


def family(speaker: str) -> str:
    """The name without its number; f1, f2 and m1, m2 ... are different people."""
    stem = speaker.rstrip("0123456789").lower()
    return stem if len(stem) > 1 else speaker


def sides(speakers: tuple[str, ...] = SPEAKERS, seed: int = SEED) -> dict[str, str]:
    """The split of every speaker: families in random order fill the test, then the validation, then the training set.

    Families of three or more go to the training set: four of nine validation speakers should not be one.
    """
    families: dict[str, list[str]] = {}
    for speaker in sorted(speakers):
        families.setdefault(family(speaker), []).append(speaker)
    names = sorted(families)
    found: dict[str, str] = {}
    for place in np.random.default_rng([seed, len(names)]).permutation(len(names)):
        members = families[names[place]]
        taken = list(found.values())
        fits = [side for side, size in _SIZES.items() if taken.count(side) + len(members) <= size and len(members) < 3]
        found |= dict.fromkeys(members, fits[0] if fits else "train")
    return found


def plan(speakers: tuple[str, ...] = SPEAKERS, seed: int = SEED) -> list[Utterance]:
    """Every utterance of the set: the first repetition of all, then the second, and so on."""
    check_size("number of speakers", len(speakers))
    require(seed >= 0, "seed", seed, "must not be negative", "pass 0 or more")
    side = sides(speakers, seed)
    found = []
    for repetition in range(max(REPETITIONS.values())):
        for split in SPLITS:
            if repetition >= REPETITIONS[split]:
                continue
            for speaker in _speaking(split, side):
                labels = range(10) if split in ("accent", "flite") else range(20)
                found += [_utterance(split, speaker, label, repetition, seed) for label in labels]
    return found


def _speaking(split: str, side: dict[str, str]) -> list[str]:
    if split == "flite":
        return list(FLITE)
    return [speaker for speaker, where in sorted(side.items()) if where == ("test" if split == "accent" else split)]


def _utterance(split: str, speaker: str, label: int, repetition: int, seed: int) -> Utterance:
    bare = Utterance(split, speaker, "", label, repetition, 0, 0)
    random = np.random.default_rng([seed, *bare.number])
    accent, speed, pitch = random.integers(len(ACCENTS)), random.integers(*SPEEDS), random.integers(*PITCHES)
    if split == "flite":
        return bare._replace(voice="flite", speed=round(float(random.uniform(*STRETCHES)), 3))
    voice = HELD_OUT if split == "accent" else "de" if label >= 10 else ACCENTS[accent]
    return bare._replace(voice=voice, speed=int(speed), pitch=int(pitch))
