"""Folders of wav files, as the test writes them, and the log-mel front end against numbers of another library."""

import struct
import wave

import numpy as np
import pytest

from jaxsnn.data import MissingData, find, log_mel, read_wav, speech_command_files
from jaxsnn.data.mel import mel_bands, resample

SOUND = np.array([0, 100, -32768, 32767], np.int16)


def write(path, sound=SOUND, channels=1, width=2, rate=16000):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(sound.tobytes())
    return path


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "SpeechCommands" / "speech_commands_v0.02"
    for name in ("yes/a1_nohash_0", "yes/b2_nohash_0", "no/a1_nohash_0", "no/a1_nohash_1", "_background_noise_/x"):
        write(root / f"{name}.wav")
    (root / "validation_list.txt").write_text("yes/b2_nohash_0.wav\n")
    (root / "testing_list.txt").write_text("no/a1_nohash_1.wav\n\n")
    return find("speech-commands", tmp_path)


def names(found):
    return [f"{path.parent.name}/{path.name}" for path in found.path]


def test_the_lists_make_the_splits_and_the_rest_is_for_training(folder):
    assert names(speech_command_files(folder, "validation")) == ["yes/b2_nohash_0.wav"]
    assert names(speech_command_files(folder, "test")) == ["no/a1_nohash_1.wav"]
    train = speech_command_files(folder)
    assert names(train) == ["no/a1_nohash_0.wav", "yes/a1_nohash_0.wav"]
    assert [train.words[label] for label in train.label] == ["no", "yes"]
    assert train.speaker == ("a1", "a1")
    assert len(train.words) == 35
    one = speech_command_files(folder, words=("yes",))
    assert names(one) == ["yes/a1_nohash_0.wav"]
    np.testing.assert_array_equal(one.label, [0])


def test_what_is_missing_or_listed_twice_is_named(folder):
    with pytest.raises(MissingData, match="holds no wav files for the split 'validation'"):
        speech_command_files(folder, "validation", words=("no",))
    with pytest.raises(ValueError, match="split = 'valid'"):
        speech_command_files(folder, "valid")
    (folder / "testing_list.txt").write_text("no/a1_nohash_1.wav\nno/a1_nohash_7.wav\n")
    with pytest.raises(ValueError, match=r"lacks no/a1_nohash_7.wav, and 0 more"):
        speech_command_files(folder, "test")
    (folder / "testing_list.txt").write_text("yes/b2_nohash_0.wav\n")
    with pytest.raises(ValueError, match=r"yes/b2_nohash_0.wav is in both lists"):
        speech_command_files(folder, "test")
    (folder / "testing_list.txt").unlink()
    with pytest.raises(MissingData, match="testing_list.txt: no such file"):
        speech_command_files(folder, "test")


def test_sound_is_read_as_fractions_of_the_largest(tmp_path):
    sound, rate = read_wav(write(tmp_path / "a.wav"))
    np.testing.assert_array_equal(sound, SOUND / np.float32(32768))
    assert rate == 16000
    assert sound.dtype == np.float32


def test_a_damaged_sound_is_named(tmp_path):
    whole = write(tmp_path / "a.wav").read_bytes()
    for content in (b"", b"RIFF", b"no wav file at all", whole[:30]):
        (tmp_path / "a.wav").write_bytes(content)
        with pytest.raises(ValueError, match="a.wav: cannot be read"):
            read_wav(tmp_path / "a.wav")
    (tmp_path / "a.wav").write_bytes(whole[:-4])
    with pytest.raises(ValueError, match="should hold 4 samples and ends after 2"):
        read_wav(tmp_path / "a.wav")
    beyond = struct.pack("<4sI4s4sI", b"RIFF", 60, b"WAVE", b"fmt ", 16) + struct.pack(
        "<HHIIHH", 1, 1, 16000, 32000, 2, 16
    )
    (tmp_path / "a.wav").write_bytes(beyond + b"junk" + struct.pack("<I", 9999) + b"ab")
    with pytest.raises(ValueError, match=r"a.wav: cannot be read \(RuntimeError\)"):
        read_wav(tmp_path / "a.wav")
    with pytest.raises(ValueError, match="has 2 channels of 16 bits, not one of 16"):
        read_wav(write(tmp_path / "a.wav", channels=2))
    with pytest.raises(ValueError, match="has 1 channels of 8 bits"):
        read_wav(write(tmp_path / "a.wav", width=1))
    with pytest.raises(ValueError, match="holds no sound"):
        read_wav(write(tmp_path / "a.wav", SOUND[:0]))


# Decibels at frames 0, 10, 50, 100 (rows) and bands 0, 1, 10, 40, 60, 80, 86, as torchaudio
# 2.11 computed them in float64: Resample, Spectrogram(256, hop 80), MelScale(140, 8000, 50, 14000), AmplitudeToDB.
RECORDED = [
    [11.532, 9.151, 21.301, -16.876, -26.857, -59.12, -42.463],
    [-60.794, -62.487, -39.805, -73.133, -100.0, -100.0, -100.0],
    [-87.671, -91.404, -85.579, -61.465, -40.52, -30.747, -32.288],
    [-47.261, -46.657, -29.518, -14.072, -11.581, 7.155, -1.316],
]


def chirp():
    time = np.arange(16000) / 16000
    tone = 0.3 * np.sin(2 * np.pi * (200 * time + 1500 * time**2)) + 0.05 * np.sin(2 * np.pi * 5200 * time)
    return (tone + 0.01 * np.sin(1e5 * time**3)).astype(np.float32)


def test_the_log_mel_front_end_gives_the_numbers_of_the_library_that_delay_learning_uses():
    found = log_mel(chirp())
    assert found.shape == (101, 140)
    here, recorded = found[np.ix_([0, 10, 50, 100], [0, 1, 10, 40, 60, 80, 86])], np.array(RECORDED)
    loud = recorded > -60  # weaker ones are rounding of its float32 window
    np.testing.assert_allclose(here[loud], recorded[loud], atol=0.005)
    assert loud.sum() > 15


def test_bands_beyond_the_sound_are_empty():
    empty = ~mel_bands().any(axis=0)
    np.testing.assert_array_equal(np.flatnonzero(empty), np.arange(87, 140))
    np.testing.assert_array_equal(log_mel(chirp())[:, empty], -100)


def test_a_tone_keeps_its_size_and_one_beyond_the_new_range_vanishes():
    time = np.arange(16000) / 16000
    low, high = (resample(np.sin(2 * np.pi * hertz * time), 16000, 8000)[200:-200] for hertz in (1000, 6000))
    np.testing.assert_allclose(low, np.sin(2 * np.pi * 1000 * time[::2])[200:-200], atol=0.01)
    assert abs(high).max() < 0.01


def test_short_sound_is_padded_long_sound_cut_and_another_rate_refused():
    sound = chirp()
    np.testing.assert_array_equal(log_mel(np.append(sound, sound)), log_mel(sound))
    short = log_mel(sound[:4000])
    np.testing.assert_array_equal(short[:20], log_mel(sound)[:20])
    np.testing.assert_array_equal(short[60:], -100)
    with pytest.raises(ValueError, match="rate = 8000: must be 16000 Hz"):
        log_mel(sound, 8000)
