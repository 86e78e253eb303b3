"""The report: one file with everything inside, that a browser opens without a network and a blind reader can read."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from jaxsnn.claims import Claim, Figure, Report, above, evaluate, within, write_report

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Collects tags and checks that they close in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(text)
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture
def report(tmp_path):
    picture = tmp_path / "fig1.png"
    Image.new("RGB", (60, 40), "white").save(picture)
    table = tmp_path / "fig1.csv"
    table.write_text("noise,error\n0.1,0.3\n")
    claims = [
        Claim(
            "good", "The error is 1 & not <2>", "T1", lambda data: within([1.0, 1.01, 0.99], 1, relative=0.1), paper=1
        ),
        Claim(
            "bad", "Both rates are high", "Fig 2", lambda data: above(np.ones((2, 3)), [0.5, 2.0], labels=["a", "b"])
        ),
        Claim("open", "One seed", "Fig 3", lambda data: within([1.0], 1, relative=0.1)),
    ]
    return Report(
        title="A study of <noise>",
        paper="Author & Author 2022",
        preset="smoke",
        claims=evaluate(claims, None),
        figures=[Figure("fig1", picture, 'Error against "noise".', "jaxsnn reproduce x --only fig1", table)],
        spec={"grid": {"noise": "0.05:40:24:log"}},
        versions={"jax": "0.10.2"},
        command="jaxsnn reproduce x --preset smoke",
        platform="Linux",
        seed=0,
        seconds=412.3,
        made="2022-10-18",
    )


def test_the_report_is_one_file_that_asks_for_nothing_else(report, tmp_path):
    text = write_report(report, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "http" not in text
    assert "<script" not in text
    assert not re.search(r"url\(|@import|<link", text)
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert sources
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert str(tmp_path) not in text


def test_the_page_is_well_formed_and_names_its_language(report, tmp_path):
    page = Page(write_report(report, tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page.all("html")[0]["lang"] == "en"
    assert "A study of <noise>" in page.text  # escaped on the way, read back whole
    assert "The error is 1 & not <2>" in page.text


def test_pictures_and_numbers_are_inside_and_whole(report, tmp_path):
    page = Page(write_report(report, tmp_path / "report.html").read_text(encoding="utf-8"))
    (image,) = page.all("img")
    assert image["alt"] == 'Error against "noise".'
    with Image.open(io.BytesIO(base64.b64decode(image["src"].removeprefix("data:image/png;base64,")))) as picture:
        assert picture.size == (60, 40)
    (link,) = [attrs for attrs in page.all("a") if "download" in attrs]
    assert base64.b64decode(link["href"].split(",")[1]) == b"noise,error\n0.1,0.3\n"


def test_every_verdict_is_a_word_and_every_fact_is_there(report, tmp_path):
    page = Page(write_report(report, tmp_path / "report.html").read_text(encoding="utf-8"))
    for word in ("holds", "fails", "undecided"):
        assert any(attrs.get("class") == f"verdict {word}" for attrs in page.all("span"))
        assert word in page.text
    for fact in ("0.10.2", "6 min 52 s", "Linux", "jaxsnn reproduce x --only fig1", "0.05:40:24:log", "2022-10-18"):
        assert fact in page.text


def test_the_same_report_gives_the_same_bytes(report, tmp_path):
    first, second = (write_report(report, tmp_path / name).read_bytes() for name in ("a.html", "b.html"))
    assert first == second


def test_a_report_without_claims_or_figures_is_a_page_too(tmp_path):
    page = Page(write_report(Report("T", "P", "quick", []), tmp_path / "r.html").read_text(encoding="utf-8"))
    assert not page.all("img")


def test_a_missing_picture_is_named(report, tmp_path):
    (tmp_path / "fig1.png").unlink()
    with pytest.raises(ValueError, match="figure 'fig1'.*draw it before"):
        write_report(report, tmp_path / "report.html")
    (tmp_path / "fig1.png").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match="must be a PNG"):
        write_report(report, tmp_path / "report.html")
