"""Who speaks in which split: a plan that needs no synthesiser."""

from collections import Counter

import numpy as np
import pytest

from experiments.spoken_digits.likeness import alike
from experiments.spoken_digits.speech import read_wave, resampled, trimmed
from experiments.spoken_digits.voices import EFFECTS, HELD_OUT, NEAR_IDENTICAL, SPEAKERS, family, plan, sides

PLAN = plan()


def test_no_speaker_stands_on_two_sides_and_no_family_either():
    side = sides()
    assert set(side) == set(SPEAKERS)
    assert not set(SPEAKERS) & set(EFFECTS + NEAR_IDENTICAL)
    for name in {family(s) for s in SPEAKERS}:
        assert len({side[s] for s in SPEAKERS if family(s) == name}) == 1
    assert Counter(side.values()) == {"train": 41, "validation": 9, "test": 23}
    for utterance in PLAN:
        expected = "test" if utterance.split == "accent" else utterance.split
        assert utterance.split == "flite" or side[utterance.speaker] == expected


def test_one_accent_is_heard_in_its_own_split_only_and_from_the_tests_speakers():
    assert {u.split for u in PLAN if u.voice == HELD_OUT} == {"accent"}
    assert {u.voice for u in PLAN if u.split == "accent"} == {HELD_OUT}
    assert {u.speaker for u in PLAN if u.split == "accent"} == {u.speaker for u in PLAN if u.split == "test"}


def test_every_speaker_says_every_word_equally_often_and_no_two_utterances_share_their_noise():
    for split in ("train", "validation", "test"):
        counts = Counter((u.speaker, u.label) for u in PLAN if u.split == split)
        assert len(counts) == 20 * len({u.speaker for u in PLAN if u.split == split})
        assert len(set(counts.values())) == 1
    assert len({u.number for u in PLAN}) == len(PLAN)


def test_what_a_speaker_says_does_not_depend_on_who_else_is_in_the_set():
    fewer = plan(SPEAKERS[:20])
    known = {u[1:] for u in PLAN if u.split not in ("accent", "flite")}
    assert {u[1:] for u in fewer if u.split not in ("accent", "flite")} <= known | {
        u[1:]
        for u in fewer
        if u.repetition == 3  # some moved to the training set, which has a fourth repetition
    }


def test_the_later_of_two_alike_speakers_is_left_out():
    matrix = np.array([[1, 0.999, 0.2], [0.999, 1, 0.2], [0.2, 0.2, 1]])
    assert alike(["a", "b", "c"], matrix, 0.99) == ["b"]
    assert alike(["a", "b", "c"], matrix, 0.9999) == []


def test_a_tone_keeps_its_pitch_and_loudness_at_another_rate():
    time = np.arange(8000) / 8000
    sound = np.sin(2 * np.pi * 440 * time)
    new = resampled(sound, 8000, 22050)
    assert new.size == 22050
    expected = np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)
    np.testing.assert_allclose(new[500:-500], expected[500:-500], atol=0.01)


def test_silence_is_cut_off_at_both_ends():
    sound = np.concatenate([np.zeros(1000), np.ones(500), np.zeros(2000)])
    assert trimmed(sound, margin=0.0).size == 500
    assert trimmed(np.zeros(10)).size == 0


def test_a_sound_with_two_channels_is_refused():
    import io
    import wave

    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(22050)
        out.writeframes(b"\0" * 40)
    with pytest.raises(ValueError, match="wave format"):
        read_wave(file.getvalue())
