"""Files of SHD and SSC, as the test writes them."""

import contextlib

import h5py
import numpy as np
import pytest

from jaxsnn.data import MissingData, SpokenFile, open_spoken

TIMES = [np.array([0.25, 0.5, 0.75]), np.array([0.0625, 0.125]), np.array([1.0])]
UNITS = [np.array([0, 350, 699]), np.array([4, 5]), np.array([7])]


def write(path, times=TIMES, units=UNITS, labels=(1, 0, 1), speaker=(3, 3, 8), keys=(b"zero", b"eins")):
    with h5py.File(path, "w") as file:
        for name, rows, kind in (("times", times, np.float16), ("units", units, np.uint16)):
            part = file.create_dataset(f"spikes/{name}", (len(rows),), h5py.vlen_dtype(np.dtype(kind)))
            for number, row in enumerate(rows):
                part[number] = np.asarray(row, kind)
        file["labels"] = np.asarray(labels, np.uint16)
        if speaker is not None:
            file["extra/speaker"] = np.asarray(speaker, np.uint16)
        if keys is not None:
            file["extra/keys"] = np.array(keys)
    return path


def test_spikes_labels_speakers_and_words_come_back_in_milliseconds(tmp_path):
    with SpokenFile(write(tmp_path / "shd_train.h5")) as file:
        assert len(file) == 3
        for events, time, unit in zip(file, TIMES, UNITS, strict=True):
            np.testing.assert_array_equal(events.time, 1000 * time)
            np.testing.assert_array_equal(events.channel, unit)
        np.testing.assert_array_equal(file.label, [1, 0, 1])
        np.testing.assert_array_equal(file.speaker, [3, 3, 8])
        assert file.words == ("zero", "eins")
        np.testing.assert_array_equal(file[-1].channel, [7])


def test_frames_are_those_of_delay_learning(tmp_path):
    with SpokenFile(write(tmp_path / "shd_train.h5")) as file:
        x, mask = file.frames()
        assert x.shape == (3, 50, 140)
        assert x.dtype == np.uint8
        np.testing.assert_array_equal(mask.sum(axis=1), [50, 7, 1])
        np.testing.assert_array_equal(np.argwhere(x[0]), [[0, 0], [25, 70], [49, 139]])
        np.testing.assert_array_equal(np.argwhere(x[1]), [[0, 0], [6, 1]])
        assert file.frames(steps=10).x.shape == (3, 10, 140)


def test_a_file_without_speakers_and_words_is_read(tmp_path):
    write(tmp_path / "ssc_valid.h5", speaker=None, keys=None)
    with open_spoken(tmp_path, "valid") as file:
        assert file.speaker is None
        assert file.words == ()
        assert len(list(file)) == 3


def test_a_sample_without_spikes_keeps_its_place_and_is_masked(tmp_path):
    with SpokenFile(write(tmp_path / "shd_train.h5", [TIMES[0], [], TIMES[2]], [UNITS[0], [], UNITS[2]])) as file:
        x, mask = file.frames()
    np.testing.assert_array_equal(mask.sum(axis=1), [50, 0, 1])
    assert not x[1].any()


def test_a_split_that_is_not_there_says_what_is(tmp_path):
    write(tmp_path / "shd_train.h5")
    with pytest.raises(ValueError, match=r"split = 'test': .* holds \['shd_train.h5'\]"):
        open_spoken(tmp_path, "test")
    with pytest.raises(MissingData, match="no such file"):
        SpokenFile(tmp_path / "shd_test.h5")


DAMAGED = {
    "a channel beyond": (
        {"units": [[0, 1, 700], [4, 5], [7]]},
        "sample 0 has a spike in channel 700; channels are 0 to 699",
    ),
    "lists that differ": ({"units": [[0, 1], [4, 5], [7]]}, "sample 0 has 3 times, but 2 channels"),
    "a time that is no number": ({"times": [[0.1, 0.2, np.nan], [0, 0], [1]]}, "sample 0 .* negative or no number"),
    "a time before zero": ({"times": [[0.1, 0.2, -1], [0, 0], [1]]}, "sample 0 .* negative or no number"),
    "parts that differ": ({"labels": [1, 0]}, "its parts differ in length"),
    "speakers that differ": ({"speaker": [1, 0]}, "its parts differ in length"),
    "no samples": ({"times": [], "units": [], "labels": [], "speaker": None}, "holds no samples"),
    "a time of hours": ({"times": [[0.1, 0.2, 3e4], [0, 0], [1]]}, "sample 0 has a spike at .* a word ends before 60"),
    "a word that is no text": ({"keys": (b"zero", b"\xff\xfe")}, "cannot be read .*decode"),
    "a label without a word": ({"labels": [1, 0, 2]}, "/labels go from 0 to 2, for 2 names"),
}


@pytest.mark.parametrize("case", DAMAGED, ids=str)
def test_damaged_content_is_named(tmp_path, case):
    change, message = DAMAGED[case]
    path = write(tmp_path / "shd_train.h5", **change)
    with pytest.raises(ValueError, match=message) as raised, SpokenFile(path) as file:
        list(file)
    assert str(path) in str(raised.value)


def spoilt(path, name, value=None, link=None):
    write(path)
    with h5py.File(path, "a") as file:
        del file[name]
        if value is not None:
            file[name] = value
        if link is not None:
            file[name] = link
    return path


@pytest.mark.parametrize(
    ("name", "value", "link", "message"),
    [
        ("labels", None, None, "has no /labels"),
        ("spikes", None, None, "has no /spikes/times"),
        ("labels", np.array([0, 1, 2**32 + 3]), None, "/labels goes from 0 to 4294967299, and counts from 0"),
        ("extra/speaker", np.array([0, -1, 3]), None, "/extra/speaker goes from -1 to 3"),
        ("labels", np.ones(3), None, "/labels must be a list of whole numbers, and is float64"),
        ("spikes/times", np.ones((3, 2)), None, "/spikes/times must hold a list for each sample"),
        ("labels", None, h5py.ExternalLink("other.h5", "/labels"), "/labels points elsewhere"),
        ("spikes/units", None, h5py.SoftLink("/labels"), "/spikes/units points elsewhere"),
    ],
)
def test_a_file_of_another_layout_is_refused(tmp_path, name, value, link, message):
    path = spoilt(tmp_path / "shd_test.h5", name, value, link)
    with pytest.raises(ValueError, match=message):
        SpokenFile(path)


def test_a_file_that_is_cut_or_no_hdf5_is_refused(tmp_path):
    path = write(tmp_path / "shd_train.h5")
    whole = path.read_bytes()
    for content in (b"nothing of the kind", b"", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="shd_train.h5: cannot be read"), SpokenFile(path) as file:
            list(file)


class _Named(Exception):
    """An error that names the file."""


@contextlib.contextmanager
def _naming(path):
    try:
        yield
    except ValueError as error:
        if str(path) in str(error):
            raise _Named from error
        raise


def test_a_file_with_wrong_bytes_is_read_or_named(tmp_path):
    whole = write(tmp_path / "whole.h5").read_bytes()
    path, rng = tmp_path / "shd_train.h5", np.random.default_rng(0)
    for at in rng.integers(8, 1000, 40):  # where the tables of an HDF5 file lie
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
        with contextlib.suppress(_Named), _naming(path), SpokenFile(path) as file:
            list(file)


def test_the_missing_package_is_named(tmp_path, monkeypatch):
    path = write(tmp_path / "shd_train.h5")
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(ValueError, match=r'needs h5py.*python -m pip install "spikegrid\[data\]"'):
        SpokenFile(path)
