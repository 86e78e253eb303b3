"""IDX files, as the test writes them: what is in them comes back, and what is damaged is refused by name."""

import gzip
import struct

import jax
import numpy as np
import pytest

from jaxsnn.data import MissingData, divide, find, read_digits, read_idx, read_images
from jaxsnn.fit import Batches

PIXELS = np.arange(5 * 3 * 2, dtype=np.uint8).reshape(5, 3, 2)
LABELS = np.array([3, 0, 9, 1, 1], np.uint8)


def idx(array, magic=None):
    head = bytes([0, 0, 8, array.ndim]) if magic is None else struct.pack(">I", magic)
    return head + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write(folder, stem="train", pixels=PIXELS, labels=LABELS, end=".gz"):
    pack = gzip.compress if end else bytes
    (folder / f"{stem}-images-idx3-ubyte{end}").write_bytes(pack(idx(pixels)))
    (folder / f"{stem}-labels-idx1-ubyte{end}").write_bytes(pack(idx(labels)))


@pytest.mark.parametrize("end", ["", ".gz"])
def test_images_and_labels_come_back_as_they_were_written(tmp_path, end):
    write(tmp_path, end=end)
    write(tmp_path, "t10k", PIXELS[:2], LABELS[:2], end)
    for split, count in (("train", 5), ("test", 2)):
        found = read_images(tmp_path, split)
        np.testing.assert_array_equal(found.x, PIXELS[:count])
        np.testing.assert_array_equal(found.label, LABELS[:count])
        assert (found.x.dtype, found.label.dtype) == (np.uint8, np.int32)


def test_the_names_with_a_dot_are_read_too(tmp_path):
    (tmp_path / "train-images.idx3-ubyte").write_bytes(idx(PIXELS))
    (tmp_path / "train-labels.idx1-ubyte").write_bytes(idx(LABELS))
    assert len(read_images(tmp_path).x) == 5


WHOLE = idx(PIXELS)
DAMAGED = {
    "another kind of file": (
        idx(PIXELS, magic=2049),
        r"begins with 00 00 08 01, an IDX file of 3 axes with 00 00 08 03",
    ),
    "nothing in it": (b"", "begins with nothing"),
    "cut in its header": (WHOLE[:9], "ends within its header"),
    "cut in its pixels": (WHOLE[:-4], r"should hold 30 bytes after its header \(shape \(5, 3, 2\)\), and holds 26"),
    "too long": (WHOLE + b"x", "and holds more"),
    "cut while compressed": (gzip.compress(WHOLE)[:-12], "cannot be read"),
    "broken compression": (gzip.compress(WHOLE)[:-8] + bytes(8), "cannot be read"),
    "no samples": (idx(PIXELS[:0]), "holds no samples"),
    "a claim beyond the file": (
        WHOLE[:4] + struct.pack(">3I", 2**30, 28, 28),
        "more than a file of this size can hold",
    ),
}


@pytest.mark.parametrize("case", DAMAGED, ids=str)
def test_a_damaged_file_is_named_with_what_is_wrong(tmp_path, case):
    content, message = DAMAGED[case]
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as raised:
        read_idx(path, 3)
    assert str(path) in str(raised.value)
    assert "get the file again" in str(raised.value)


def test_parts_that_do_not_belong_together_are_refused(tmp_path):
    write(tmp_path, labels=LABELS[:4])
    with pytest.raises(ValueError, match=r"holds 5 images, but train-labels-idx1-ubyte.gz 4 labels"):
        read_images(tmp_path)
    write(tmp_path, labels=LABELS + np.uint8(1))
    with pytest.raises(ValueError, match="holds the label 10; labels must lie in 0 to 9"):
        read_images(tmp_path)


def test_a_missing_file_and_an_unknown_split_say_what_there_is(tmp_path):
    with pytest.raises(MissingData, match="holds no train-images-idx3-ubyte"):
        read_images(tmp_path)
    with pytest.raises(ValueError, match="split = 'valid': must be one of 'train', 'test'"):
        read_images(tmp_path, "valid")
    with pytest.raises(MissingData, match="no such file"):
        read_idx(tmp_path / "nothing", 1)


def test_batches_of_bytes_stay_bytes_and_every_epoch_has_every_sample(tmp_path):
    write(tmp_path)
    found = read_images(tmp_path)
    batches = Batches({"x": found.x, "label": found.label}, 1, key=jax.random.key(0))
    seen = [batches(step) for step in range(10)]
    assert seen[0]["x"].dtype == np.uint8
    assert seen[0]["label"].dtype == np.int32
    for epoch in (seen[:5], seen[5:]):
        assert sorted(int(batch["x"][0, 0, 0]) for batch in epoch) == sorted(PIXELS[:, 0, 0].tolist())
    again = Batches({"x": found.x, "label": found.label}, 1, key=jax.random.key(0))  # as after a stop at step 7
    np.testing.assert_array_equal(again(7)["x"], seen[7]["x"])


def test_the_digits_of_scikit_learn_keep_their_seventeen_levels():
    found = read_digits()
    assert found.x.shape == (1797, 8, 8)
    assert (found.x.min(), found.x.max()) == (0, 16)
    assert np.bincount(found.label).min() > 170


def test_a_missing_package_is_named_with_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    with pytest.raises(ValueError, match=r'needs scikit-learn.*python -m pip install "spikegrid\[data\]"'):
        read_digits()


def test_a_division_is_the_same_each_time_and_shares_nothing():
    shares = {"train": 0.6, "validation": 0.2, "test": 0.2}
    one, other = divide(101, shares, seed=3), divide(101, shares, seed=3)
    assert sorted(np.concatenate(list(one.values()))) == list(range(101))
    assert {name: len(part) for name, part in one.items()} == {"train": 61, "validation": 20, "test": 20}
    assert all(np.array_equal(one[name], other[name]) for name in shares)
    assert not np.array_equal(one["test"], divide(101, shares, seed=4)["test"])


@pytest.mark.parametrize("shares", [{"a": 0.7, "b": 0.4}, {"a": 1.2}, {"a": -0.1}, {"a": 0.99, "b": 0.001}], ids=str)
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(ValueError, match="shares = "):
        divide(10, shares)


def test_the_real_fashion_images_are_complete_where_they_are_installed():
    try:
        folder = find("fashion-mnist")
    except MissingData as missing:
        pytest.skip(str(missing))
    found = read_images(folder, "test")
    assert found.x.shape == (10000, 28, 28)
    np.testing.assert_array_equal(np.bincount(found.label), np.full(10, 1000))
