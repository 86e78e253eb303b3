"""The table of claims: records, strict JSON, the terminal, and defects that name their claim."""

import io
import json
import math

import numpy as np
import pytest
from rich.console import Console

from jaxsnn.claims import (
    Claim,
    ClaimError,
    Outcome,
    above,
    evaluate,
    plus_minus,
    print_table,
    within,
    write_claims,
)

KEYS = ["id", "claim", "source", "paper", "ours", "se", "verdict"]


def claim(name, check, **options):
    return Claim(name, f"The sentence of {name}", "our derivation", check, **options)


DATA = {"sd": np.array([0.99, 1.0, 1.01, 1.0]), "pair": np.array([[2.0, 2.1, 2.0], [3.0, 3.1, 3.0]])}
CLAIMS = [
    claim("sd", lambda data: within(data["sd"], 1.0, relative=0.05), paper=1.0),
    claim("rate", lambda data: above(data["pair"], 2.5, labels=["slow", "fast"])),
    claim("nothing", lambda data: within([math.nan, 1.0, 1.0], 1.0, relative=0.5), paper="about one"),
]


def test_each_claim_has_a_record_that_begins_with_the_agreed_keys():
    records = evaluate(CLAIMS, DATA)
    assert [list(record)[:7] for record in records] == [KEYS] * 3
    assert [record["verdict"] for record in records] == ["holds", "fails", "undecided"]
    assert records[0]["ours"] == pytest.approx(1.0)
    assert records[0]["low"] < 1.0 < records[0]["high"]
    assert [point["label"] for point in records[1]["points"]] == ["slow", "fast"]
    assert "1 of 2 points hold; shown: slow" in records[1]["note"]


def test_the_json_is_strict_and_the_same_bytes_twice(tmp_path):
    first = write_claims(evaluate(CLAIMS, DATA), tmp_path / "deep" / "claims.json")
    second = write_claims(evaluate(CLAIMS, DATA), tmp_path / "again.json")
    assert first.read_bytes() == second.read_bytes()

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    records = json.loads(first.read_text(encoding="utf-8"), parse_constant=refuse)
    assert [list(record)[:7] for record in records] == [KEYS] * 3
    assert records[2]["ours"] is None
    assert [record["paper"] for record in records] == [1.0, None, "about one"]


def test_a_check_that_raises_is_a_defect_that_names_its_claim():
    with pytest.raises(ClaimError, match="claim 'broken' could not be checked: KeyError: 'absent'"):
        evaluate([*CLAIMS, claim("broken", lambda data: data["absent"])], DATA)


def test_a_check_without_an_outcome_is_a_defect_too():
    with pytest.raises(ClaimError, match="claim 'true' returned bool"):
        evaluate([claim("true", lambda data: True)], DATA)


def test_an_id_is_used_once():
    with pytest.raises(ValueError, match="'sd' is used 2 times"):
        evaluate([CLAIMS[0], CLAIMS[0]], DATA)


@pytest.mark.parametrize(("name", "words"), [("two words", "letters, digits"), ("", "letters, digits"), ("../x", "id")])
def test_an_id_is_a_short_name(name, words):
    with pytest.raises(ValueError, match=words):
        claim(name, lambda data: None)


def test_a_claim_needs_a_sentence_and_a_source():
    with pytest.raises(ValueError, match="source of claim 'x' is empty"):
        Claim("x", "A sentence", " ", lambda data: None)


def test_claims_of_one_family_are_corrected_together_and_others_are_not():
    just = lambda data: above((2.1, 1.0, math.inf), 0.0)  # 2.1 standard errors: enough alone, not for two
    alone = evaluate([claim("a", just), claim("b", just)], None)
    paired = evaluate([claim("a", just, family="f"), claim("b", just, family="f"), claim("c", just, family="g")], None)
    assert [record["verdict"] for record in alone] == ["holds", "holds"]
    assert [record["verdict"] for record in paired] == ["undecided", "undecided", "holds"]


def test_the_terminal_shows_claim_paper_ours_and_verdict():
    stream = io.StringIO()
    print_table(evaluate(CLAIMS, DATA), Console(file=stream, width=140), title="A paper")
    text = stream.getvalue()
    for words in ("A paper", "claim", "paper", "ours", "verdict", "The sentence of sd", "about one", "undecided"):
        assert words in text
    assert "1 holds, 1 fails, 1 undecided" in text


@pytest.mark.parametrize(
    ("value", "se", "text"),
    [
        (0.341234, 0.00234, "0.3412 ± 0.0023"),
        (0.341234, 0.000999, "0.3412 ± 0.0010"),
        (34123.4, 23.1, "34123 ± 23"),
        (1.0e-9, 2.0e-10, "1e-09 ± 2e-10"),
        (0.25, 0.0, "0.25 (exact)"),
        (0.25, None, "0.25"),
        (None, None, "–"),
        (math.nan, 1.0, "–"),
    ],
)
def test_a_value_is_shown_with_two_digits_of_its_error(value, se, text):
    assert plus_minus(value, se) == text


def test_a_hand_made_outcome_passes_through():
    record = evaluate([claim("x", lambda data: Outcome(1, 0, 1, 1, "holds", "bit for bit"))], None)[0]
    assert (record["ours"], record["verdict"], record["note"]) == (1.0, "holds", "bit for bit")
