"""Where a data set is looked for, and what is said when it is not there. Nothing is downloaded."""

import pytest

from jaxsnn.data import SETS, MissingData, find


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch):
    monkeypatch.delenv("JAXSNN_DATA", raising=False)
    for name, known in SETS.items():
        monkeypatch.setitem(SETS, name, known._replace(places=()))


def put(folder, name="train-images-idx3-ubyte.gz"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"")
    return folder


@pytest.mark.parametrize("layout", ["fashion-mnist", "Fashion_MNIST", "FashionMNIST/raw", "fashion"])
def test_a_set_is_found_in_a_folder_of_its_name_or_of_what_common_tools_call_it(tmp_path, layout):
    put(tmp_path / "mnist")
    wanted = put(tmp_path / layout)
    assert find("fashion-mnist", tmp_path) == wanted


def test_the_folder_itself_may_be_given(tmp_path):
    assert find("fashion-mnist", put(tmp_path / "mine")) == tmp_path / "mine"


def test_the_variable_is_used_where_no_path_is_given(tmp_path, monkeypatch):
    monkeypatch.setenv("JAXSNN_DATA", str(tmp_path))
    wanted = put(tmp_path / "shd", "shd_train.h5")
    assert find("shd") == wanted
    with pytest.raises(MissingData, match="'ssc' was not found in"):
        find("ssc")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingData):
        find("shd", tmp_path / "empty")  # a path that is given is the only one


def test_a_known_place_is_found_without_a_word(tmp_path, monkeypatch):
    place = put(tmp_path / "installed")
    monkeypatch.setitem(SETS, "mnist", SETS["mnist"]._replace(places=(str(place),)))
    assert find("mnist") == place


def test_one_set_is_not_taken_for_another_whose_files_bear_the_same_names(tmp_path, monkeypatch):
    put(tmp_path / "mnist")
    monkeypatch.setenv("JAXSNN_DATA", str(tmp_path / "mnist"))
    assert find("mnist") == tmp_path / "mnist"
    for given in (None, tmp_path / "mnist"):
        with pytest.raises(MissingData):
            find("fashion-mnist", given)


def test_a_missing_set_says_how_to_make_it_and_how_to_point_to_it():
    with pytest.raises(MissingData) as raised:
        find("fashion-mnist")
    assert "apt install dataset-fashion-mnist" in str(raised.value)
    assert "--data FOLDER or JAXSNN_DATA=FOLDER" in str(raised.value)
    assert isinstance(raised.value, ValueError)
    assert isinstance(raised.value, FileNotFoundError)


def test_a_folder_that_does_not_exist_and_a_set_that_is_not_known_are_refused(tmp_path, monkeypatch):
    with pytest.raises(MissingData, match="data = .*must be a folder that exists"):
        find("mnist", tmp_path / "nowhere")
    monkeypatch.setenv("JAXSNN_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(MissingData, match="JAXSNN_DATA = .*must be a folder that exists"):
        find("mnist")
    with pytest.raises(ValueError, match="name = 'imagenet': must be one of 'fashion-mnist'"):
        find("imagenet")
