"""Files of event cameras, as the test writes them."""

import numpy as np
import pytest

from jaxsnn.data import MissingData, find, gesture_files, image_frames, nmnist_files, read_gesture, read_nmnist


def packed(x, y, polarity, microseconds):
    """The five bytes of an N-MNIST event."""
    return bytes([x, y, polarity << 7 | microseconds >> 16, microseconds >> 8 & 255, microseconds & 255])


EVENTS = [(0, 0, 1, 5), (33, 33, 0, 70000), (7, 12, 1, 0x7FFFFF)]


def nmnist(folder, events=EVENTS, name="00001.bin"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"".join(packed(*event) for event in events))
    return folder / name


def test_the_bits_of_an_event_are_pixel_polarity_and_time(tmp_path):
    found = read_nmnist(nmnist(tmp_path))
    np.testing.assert_array_equal(np.stack([found.x, found.y, found.polarity]).T, [event[:3] for event in EVENTS])
    np.testing.assert_allclose(found.time, [0.005, 70.0, 8388.607])
    assert image_frames(found, size=(34, 34), window=100.0, steps=2).sum() == 2


def test_an_overflow_of_the_clock_moves_all_later_events_and_is_none_itself(tmp_path):
    turn = (0, 240, 0, 0)
    found = read_nmnist(nmnist(tmp_path, [(1, 1, 1, 10), turn, (2, 2, 0, 10), turn, (3, 3, 0, 10)]))
    np.testing.assert_allclose(found.time, np.array([10, 10 + 8192, 10 + 2 * 8192]) / 1000)
    np.testing.assert_array_equal(found.x, [1, 2, 3])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no events"),
        (packed(1, 1, 1, 1)[:-1], "holds 4 bytes, which is no multiple of the 5 of an event"),
        (packed(34, 1, 1, 1), "has an event with x outside 0 to 33"),
        (packed(1, 239, 1, 1), "has an event with y outside 0 to 33"),
        (packed(1, 240, 1, 1), "holds no events"),
    ],
)
def test_a_damaged_nmnist_file_is_named(tmp_path, content, message):
    path = tmp_path / "1.bin"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as raised:
        read_nmnist(path)
    assert str(path) in str(raised.value)


def test_the_digits_of_nmnist_are_its_folders(tmp_path):
    for digit, name in ((3, "00002.bin"), (3, "00001.bin"), (0, "00009.bin")):
        nmnist(tmp_path / "NMNIST" / "Train" / str(digit), name=name)
    folder = find("n-mnist", tmp_path)
    found = nmnist_files(folder)
    np.testing.assert_array_equal(found.label, [0, 3, 3])
    assert [path.name for path in found.path] == ["00009.bin", "00001.bin", "00002.bin"]
    with pytest.raises(MissingData, match=r"Test: holds no files \[0-9\]/\*.bin"):
        nmnist_files(folder, "test")


ROWS = np.array([[0, 127, 1, 0.5], [64, 3, 0, 20.25]])


def gesture(folder, rows=ROWS, name="4.npy"):
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / name, rows)
    return folder / name


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int32])
def test_the_rows_of_a_gesture_are_x_y_polarity_and_milliseconds(tmp_path, kind):
    found = read_gesture(gesture(tmp_path, ROWS.astype(kind)))
    np.testing.assert_array_equal(found.time, ROWS[:, 3].astype(kind))
    np.testing.assert_array_equal(np.stack([found.x, found.y, found.polarity]).T, ROWS[:, :3])


def test_the_class_of_a_gesture_is_the_name_of_its_file(tmp_path):
    for user, name in (("user01_led", "4.npy"), ("user01_led", "10.npy"), ("user02_lab", "0.npy")):
        gesture(tmp_path / "dvs-gesture" / "ibmGestureTrain" / user, name=name)
    found = gesture_files(find("dvs-gesture", tmp_path))
    np.testing.assert_array_equal(found.label, [10, 4, 0])
    assert read_gesture(found.path[0]).time.size == 2
    gesture(tmp_path / "dvs-gesture" / "ibmGestureTrain" / "user03_led", name="11.npy")
    with pytest.raises(ValueError, match="is of class '11'; classes are 0 to 10"):
        gesture_files(find("dvs-gesture", tmp_path))
    with pytest.raises(ValueError, match="split = 'valid'"):
        gesture_files(tmp_path, "valid")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (ROWS[:, :3], r"must hold rows of x, y, polarity and time, and is float64 \(2, 3\)"),
        (ROWS[:0], "holds no events|cannot be read"),
        (ROWS + [[0.5, 0, 0, 0]], "places or times that are no numbers"),
        (ROWS * [[1, 1, 1, np.nan]], "places or times that are no numbers"),
        (ROWS + [[0, 1, 0, 0]], "has an event with y outside 0 to 127"),
        (ROWS + [[0, 0, 1, 0]], "has an event with polarity outside 0 to 1"),
        (np.array([["a"] * 4]), "must hold rows"),
        (np.array([[None] * 4]), "cannot be read"),
    ],
)
def test_a_damaged_gesture_is_named(tmp_path, rows, message):
    with pytest.raises(ValueError, match=message):
        read_gesture(gesture(tmp_path, rows))


def test_a_gesture_that_is_cut_is_refused(tmp_path):
    path = gesture(tmp_path)
    for keep in (-8, 20, 0):
        path.write_bytes(np.lib.format.magic(1, 0) if keep == 20 else gesture(tmp_path).read_bytes()[:keep])
        with pytest.raises(ValueError, match="4.npy: cannot be read"):
            read_gesture(path)
    path.write_bytes(gesture(tmp_path).read_bytes().replace(b"}", b" "))
    with pytest.raises(ValueError, match="4.npy: cannot be read"):
        read_gesture(path)
