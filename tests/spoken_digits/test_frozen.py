"""The frozen set: that it is what its manifest says, and that it can be made again."""

import shutil

import numpy as np
import pytest

from experiments.spoken_digits import frozen, load, manifest
from experiments.spoken_digits.voices import plan


@pytest.fixture(scope="module")
def data():
    return load()


def test_every_split_has_counts_labels_and_a_mask(data):
    assert list(data) == ["train", "validation", "test", "accent", "flite"]
    for split in data.values():
        samples = split["labels"].size
        assert split["frames"].shape == (samples, 96, 140)
        assert split["frames"].dtype == np.uint8
        assert {value.shape[0] for value in split.values()} == {samples}
        assert np.all(split["mask"][:, 12])  # the tail alone is twelve frames
        assert not split["frames"][~split["mask"]].any()
        spikes = split["frames"].sum(axis=(1, 2), dtype=int)
        assert spikes.min() > 100


def test_speakers_of_the_splits_are_strangers_but_for_the_accent(data):
    voices = {name: set(split["voice"].tolist()) for name, split in data.items()}
    assert voices["accent"] == voices["test"]
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test"), ("test", "flite")):
        assert not voices[one] & voices[other]
    assert {name: len(some) for name, some in voices.items()} == {
        "train": 41,
        "validation": 9,
        "test": 23,
        "accent": 23,
        "flite": 5,
    }


def test_the_manifest_is_the_plan_and_says_what_made_it():
    told, columns = manifest(), manifest()["utterances"]
    planned = plan()
    assert told["complete"]
    assert [told["speakers"][s] for s in columns["speaker"]] == [u.speaker for u in planned]
    assert [told["accents"][a] for a in columns["accent"]] == [u.voice for u in planned]
    assert columns["label"] == [u.label for u in planned]
    assert columns["pitch"] == [u.pitch for u in planned]
    assert "1.51" in told["versions"]["espeak-ng"]
    assert frozen.DATA.stat().st_size < 20e6


def test_a_file_that_is_not_the_one_of_the_manifest_is_refused(tmp_path):
    broken = tmp_path / "spoken_digits.npz"
    shutil.copy(frozen.DATA, broken)
    with broken.open("r+b") as file:
        file.seek(1000)
        file.write(b"x")
    with pytest.raises(ValueError, match="sha256 .* must be .* as in the manifest; restore"):
        load(broken)
    with pytest.raises(ValueError, match="is not there; restore"):
        load(tmp_path / "nothing.npz")


def test_timing_tells_more_than_counts(data):
    from experiments.spoken_digits.sanity import by_speaker, correct, features, ridge

    scores = []
    for parts, groups in ((1, 35), (10, 35)):
        x = {name: features(data[name]["frames"][::2], parts, groups) for name in ("train", "test")}
        labels = {name: data[name]["labels"][::2] for name in x}
        weights = ridge(x["train"], labels["train"], 1.0)
        scores.append(by_speaker(correct(x["test"], labels["test"], weights), data["test"]["voice"][::2]))
    (counts, error_1), (timed, error_2) = scores
    assert counts > 0.05 + 4 * error_1  # better than chance
    assert timed > counts + 4 * np.hypot(error_1, error_2)


@pytest.mark.slow
def test_some_utterances_made_again_are_the_frozen_ones():
    if not (shutil.which("espeak-ng") and shutil.which("flite")):
        pytest.skip("espeak-ng and flite are not installed: apt-get install espeak-ng flite")
    from experiments.spoken_digits.generate import make_piece
    from experiments.spoken_digits.speech import version

    told = manifest()
    if version("espeak-ng") != told["versions"]["espeak-ng"]:
        pytest.skip(f"another espeak-ng, {version('espeak-ng')}: it speaks otherwise")
    places = np.linspace(0, len(plan()) - 1, 16).astype(int)
    piece = make_piece([plan()[place] for place in places])
    assert [told["utterances"]["sound"][place] for place in places] == piece["sound"].tolist()
    frames, _ = frozen._arrays(frozen.DATA, told["sha256"])
    then, now = frames[places].astype(int), piece["frames"].astype(int)
    # another processor rounds otherwise, and a spike may move by a step: on the machine that made it all are equal
    assert np.abs(then - now).sum() <= 2e-3 * then.sum()
