"""Bad protocol documents: each is refused with the path of its mistake, all mistakes at once, and quickly."""

# ruff: noqa: E501 - one row of a table a line

import json
import time
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from screening.criteria import CriterionKind, DocumentError, json_text, nodes, parse_protocol
from screening.criteria.document_parsing import protocol_from
from screening.criteria.record import TherapyKind
from screening.protocols import FOLDER, load_protocol, shipped

HEAD = "registry_id: NCT0\ntitle: A study\nversion: '1'\n"
GOOD: dict[str, Any] = {
    "registry_id": "NCT0",
    "title": "A study",
    "version": "1",
    "criteria": [{"id": "I1", "kind": "inclusion", "title": "HIV", "text": "No HIV.", "condition": {"fact": "hiv"}}],
}

# name, the whole text, what the refusal must say
TEXTS = [
    ("empty file", "", "expected a mapping"),
    ("only a comment", "# nothing", "expected a mapping"),
    ("a list", "- a\n- b", "expected a mapping with registry_id"),
    ("plain text", "hello", "expected a mapping.*not 'hello'"),
    ("a tab as indentation", HEAD + "criteria:\n\t- id: I1", "line 5 column 1: not valid YAML"),
    ("broken quotes", 'title: "open', "not valid YAML"),
    ("an anchor", HEAD + "criteria: &c []", "line 4 column 11: anchors are not accepted"),
    ("an alias", HEAD + "criteria: *c", "line 4 column 11: aliases are not accepted"),
    ("an alias bomb", "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]", "anchors are not accepted"),
    ("a merge key", HEAD + "<<: {a: b}\ncriteria: []", "'<<': not a field"),
    ("a tag that makes objects", HEAD + "criteria: !!python/object/apply:os.system [ls]", "tags .* are not accepted"),
    ("a key given twice", HEAD + "title: Another", "line 4 column 1: the key 'title' is given twice"),
    ("two documents", HEAD + "---\n" + HEAD, "a second document begins"),
    ("a key that is a list", "? [a]\n: b", "a key must be a plain name"),
    ("deep nesting", HEAD + "criteria: " + "[" * 100_000, "nested more than 40 deep"),
    ("deep nesting in JSON", '{"a": ' + "[" * 100_000, "nested too deeply"),
    ("ten megabytes", HEAD + "#" * 10_000_000, "larger than 200000 characters"),
    ("a NUL character", HEAD + "source: '\0'", "not valid YAML"),
    ("half a surrogate", HEAD + "source: '\ud800'", "not valid YAML"),
    ("truncated JSON", '{"registry_id": "NCT0", "title', "not valid JSON at line 1 column 25: the text ends too early"),
    ("a key twice in JSON", '{"title": "a", "title": "b"}', 'the key "title" is given twice'),
    ("Infinity in JSON", '{"title": Infinity}', "Infinity is not a number"),
]  # fmt: skip

# name, path into the good document, what to put there (... removes), what the refusal must say
Change = tuple[str, list[Any], Any, str]
TO = ["criteria", 0]
AT = ["criteria", 0, "condition"]
CHANGES: list[Change] = [
    ("no title", ["title"], ..., "title: missing"),
    ("a title that is a number", ["title"], 7, "title: 7 is not text"),
    ("a blank title", ["title"], "  ", "title: '  ' is blank"),
    ("a version that is a number", ["version"], Decimal("1.0"), "version: 1.0 is not text"),
    ("an effective day that does not exist", ["effective"], "2026-02-30", "effective: '2026-02-30' is not a day"),
    ("an unknown field", ["tittle"], "x", "tittle: not a field of a protocol document; did you mean 'title'"),
    ("no criteria", ["criteria"], ..., "criteria: expected a list with at least one criterion"),
    ("an empty list of criteria", ["criteria"], [], "criteria: expected a list with at least one criterion"),
    ("criteria as a mapping", ["criteria"], {"I1": {}}, "criteria: expected a list"),
    ("a criterion that is text", TO, "I1", r"criteria\[0\]: expected a mapping"),
    ("no id", [*TO, "id"], ..., r"criteria\[0\].id: missing"),
    ("an id twice", ["criteria", 1], GOOD["criteria"][0], r"criteria\[1\].id: 'I1' is already the id of criteria\[0\]"),
    ("a kind that is none", [*TO, "kind"], "inclusive", r"kind: 'inclusive' .* did you mean 'inclusion'.*accepted: incl"),
    ("no condition", AT, ..., "condition: expected one name of a condition"),
    ("an empty condition", AT, {}, "expected one name of a condition with its value, not 0 names"),
    ("two names in a condition", AT, {"fact": "hiv", "sex": "male"}, "not 2 names"),
    ("a condition that is text", AT, "hiv", "condition: expected one name"),
    ("an operation that is none", AT, {"every": []}, "'every' cannot stand here as a condition"),
    ("an operation misspelt", AT, {"any_therpay": {}}, "did you mean 'any_therapy'"),
    ("a test of a therapy as a condition", AT, {"cycles": {"at_least": 2}}, "'cycles' .a test of one therapy. cannot"),
    ("a condition within a therapy", AT, {"any_therapy": {"fact": "hiv"}}, "any_therapy: 'fact' .a condition. cannot"),
    ("a toxicity's test in a therapy", AT, {"any_therapy": {"grade": {"at_least": 3}}}, "cannot stand here as a test of"),
    ("all of nothing", AT, {"all": []}, "all: expected a list with at least one part"),
    ("all of a mapping", AT, {"all": {"fact": "hiv"}}, "all: expected a list"),
    ("an unknown fact", AT, {"fact": "hvi"}, "fact: 'hvi' is not a fact; did you mean 'hiv'"),
    ("a number asked yes or no", AT, {"fact": "lvef"}, "'lvef' is a quantity fact; a boolean fact is needed here"),
    ("a yes-or-no fact compared", AT, {"compare": {"fact": "hiv", "below": 1}}, "'hiv' is a boolean fact; a quantity or"),
    ("no sign", AT, {"compare": {"fact": "lvef", "unit": "%"}}, "exactly one of at_least, above, at_most, below, not 0"),
    ("two signs", AT, {"compare": {"fact": "lvef", "above": 1, "below": 9, "unit": "%"}}, "below, not 2"),
    ("a number as text", AT, {"compare": {"fact": "lvef", "below": "40", "unit": "%"}}, "below: '40' is not a number"),
    ("a wrong unit", AT, {"compare": {"fact": "lvef", "below": 40, "unit": "g/dL"}}, "'g/dL' is not a unit of lvef; ac"),
    ("no unit", AT, {"compare": {"fact": "lvef", "below": 40}}, "unit: missing; units of lvef: %, 1"),
    ("a unit where there is none", AT, {"compare": {"fact": "ecog", "below": 3, "unit": "1"}}, "ecog has no unit"),
    ("a number without end", AT, {"compare": {"fact": "ecog", "below": Decimal("1e99")}}, "has too many digits"),
    ("a number too exact", AT, {"compare": {"fact": "ecog", "below": Decimal("1." + "1" * 30)}}, "more than 20 digits"),
    ("a sign misspelt", AT, {"compare": {"fact": "ecog", "atleast": 3}}, "did you mean 'at_least'"),
    ("a comparison as text", AT, {"compare": "ecog < 3"}, "compare: expected a mapping with fact, one of at_least"),
    ("a unit of no fact", AT, {"compare": {"fact": "hgb", "below": 3, "unit": "g/dL"}}, "fact: 'hgb' is not a fact; accepted: serum_m_protein"),
    ("a list as a field", AT, {"any_therapy": {"cycles": 2}}, "cycles: expected a mapping with at_least, not 2"),
    ("a sex that is none", AT, {"sex": "woman"}, "sex: 'woman' is not accepted; accepted: female, male"),
    ("a code that is none", AT, {"code": {"fact": "pregnancy_test", "code": "maybe"}}, "'maybe' is not a value of preg"),
    ("a code of a number", AT, {"code": {"fact": "lvef", "code": "x"}}, "'lvef' is a quantity fact; a coded fact"),
    ("a side that is none", AT, {"abnormal_result": {"fact": "ast", "outside": "high"}}, "outside: 'high' is not accepted"),
    ("a cause that is text", AT, {"abnormal_result": {"fact": "ast", "outside": "reference_low", "unless_due_to_myeloma": "yes"}}, "unless_due_to_myeloma: 'yes' is not accepted; accepted: true, false"),
    ("no count of tests", AT, {"enough_tests": {"fact": "pregnancy_test", "result": "negative", "within_days": 28, "after": "positive"}}, "count: missing"),
    ("half a test", AT, {"enough_tests": {"fact": "pregnancy_test", "result": "negative", "count": Decimal("1.5"), "within_days": 28, "after": "positive"}}, "count: 1.5 is not a whole number from 1 to 6"),
    ("tests voided by themselves", AT, {"enough_tests": {"fact": "pregnancy_test", "result": "negative", "count": 2, "within_days": 28, "after": "negative"}}, "result and after must differ"),
    ("tests as text", AT, {"enough_tests": "two"}, "enough_tests: expected a mapping with fact, result"),
    ("a status with one code", AT, {"status_by_test": {"test": "pregnancy_test", "positive": "negative", "negative": "negative", "stated": "pregnant", "possible_only_if": "childbearing_potential"}}, "positive and negative must differ"),
    ("a kind of therapy that is none", AT, {"any_therapy": {"kind": ["cart"]}}, "holds 'cart', which is not accepted.*car_t"),
    ("a kind that is not a list", AT, {"any_therapy": {"kind": "car_t"}}, "'car_t' is not a list"),
    ("a kind twice", AT, {"any_therapy": {"kind": ["car_t", "car_t"]}}, "names an item twice"),
    ("a line zero", AT, {"any_therapy": {"line": [0]}}, "holds 0, which is not a whole number from 1 to 100"),
    ("a drug in capitals", AT, {"any_therapy": {"drug": "Lenalidomide"}}, "write 'lenalidomide'"),
    ("days and months", AT, {"any_therapy": {"within_before_first_dose": {"days": 1, "months": 1}}}, "either days or months"),
    ("weeks", AT, {"any_therapy": {"within_before_first_dose": {"weeks": 4}}}, "weeks: not a field"),
    ("no days", AT, {"any_therapy": {"within_before_first_dose": {"days": 0}}}, "days: 0 is not a whole number from 1"),
    ("a response that is none", AT, {"any_therapy": {"best_response": {"worse_than": "NR"}}}, "'NR' is not accepted"),
    ("a response that is a list", AT, {"any_therapy": {"best_response": ["PR"]}}, "expected a mapping with worse_than"),
    ("grade 6", AT, {"any_toxicity": {"grade": {"at_least": 6}}}, "at_least: 6 is not a whole number from 1 to 5"),
    ("unresolved at some other time", AT, {"any_toxicity": {"unresolved": "now"}}, "'now' is not accepted; accepted: at_fi"),
    ("the last of no kind", AT, {"last_therapy": {"where": {"drug": "x"}}}, "last_therapy.kinds: missing"),
    ("the last as a list", AT, {"last_therapy": []}, "last_therapy: expected a mapping"),
    ("a practice that is a list", ["practice"], [], "practice: expected a mapping"),
    ("a washout of no criterion", ["practice"], {"washouts": [{"criterion": "E9", "days": 28, "kinds": ["regimen"]}]}, r"washouts\[0\].criterion: 'E9' is not a criterion of this"),
    ("pregnancy tests as a list", ["practice"], {"pregnancy_tests": []}, "pregnancy_tests: expected a mapping with before_first"),
    ("two washouts of one criterion", ["practice"], {"washouts": [{"criterion": "E1", "days": 28, "kinds": ["regimen"]}, {"criterion": "E1", "days": 21, "kinds": ["regimen"]}]}, r"washouts\[1\].criterion: 'E1' is given twice"),
    ("two tests of one name", ["practice"], {"pregnancy_tests": {"before_first_dose": [{"name": "first", "from_day": -2, "to_day": -1}, {"name": "first", "from_day": -1, "to_day": 0}]}}, r"before_first_dose\[1\].name: 'first' is given twice"),
    ("a washout that is text", ["practice"], {"washouts": ["E1"]}, r"washouts\[0\]: expected a mapping with criterion"),
    ("a window after first dose the wrong way round", ["practice"], {"pregnancy_tests": {"after_first_dose": [{"every_days": 7, "from_day": 1, "to_day": 0}]}}, "from_day lies after to_day"),
    ("a washout that is null", ["practice"], {"washouts": [None]}, r"washouts\[0\]: expected a mapping"),
    ("a window the wrong way round", ["practice"], {"pregnancy_tests": {"before_first_dose": [{"name": "first", "from_day": 0, "to_day": -1}]}}, "from_day lies after to_day"),
    ("a series in the middle without an end", ["practice"], {"pregnancy_tests": {"after_first_dose": [{"every_days": 7, "from_day": 0, "to_day": 1}, {"every_days": 28, "from_day": 0, "to_day": 1}]}}, r"after_first_dose\[0\].times: missing"),
    ("windows of a series that overlap", ["practice"], {"pregnancy_tests": {"after_first_dose": [{"every_days": 2, "from_day": 0, "to_day": 2}]}}, "overlap"),
    ("a cohort that shrinks", ["practice"], {"dose_escalation": {"dlt_window_days": 28, "first_to_second_days": 14, "cohort_size": 6, "expanded_size": 3, "stop_at_toxicities": 2}}, "expanded_size is smaller"),
    ("an escalation with gaps", ["practice"], {"dose_escalation": {}}, "dose_escalation.cohort_size: missing"),
    ("washouts as a mapping", ["practice"], {"washouts": {}}, "washouts: expected a list"),
]  # fmt: skip


def changed(path: list[Any], value: object) -> dict[str, Any]:
    document = deepcopy(GOOD)
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    elif isinstance(place, list) and path[-1] == len(place):
        place.append(value)
    else:
        place[path[-1]] = value
    return document


@pytest.mark.parametrize(("text", "says"), [pytest.param(text, says, id=name) for name, text, says in TEXTS])
def test_a_bad_text_is_refused_at_once(text: str, says: str) -> None:
    began = time.perf_counter()
    with pytest.raises(DocumentError, match=says):
        parse_protocol(text)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("path", "value", "says"), [pytest.param(path, value, says, id=name) for name, path, value, says in CHANGES]
)
def test_a_bad_field_is_refused_with_its_path(path: list[Any], value: object, says: str) -> None:
    text = json_text.dumps(changed(path, value), indent=2)
    with pytest.raises(DocumentError, match=says) as refused:
        parse_protocol(text)
    for problem in refused.value.problems:
        assert "\n" not in str(problem)


def test_a_condition_nested_too_deeply_is_refused_with_its_path() -> None:
    condition: dict[str, Any] = {"fact": "hiv"}
    for _ in range(13):
        condition = {"not": condition}
    with pytest.raises(DocumentError, match=r"condition(\.not)+: nested more than 12 deep"):
        protocol_from(changed(AT, condition))


def test_all_mistakes_are_named_at_once() -> None:
    bad = changed(AT, {"all": [{"fact": "hvi"}, {"any_therapy": {"line": [0]}}, {"compare": {"fact": "lvef"}}]})
    bad["version"] = 1
    bad["practice"] = {"confirm_days_before": "soon"}
    with pytest.raises(DocumentError) as refused:
        protocol_from(bad)
    assert [problem.path for problem in refused.value.problems] == [
        "version",
        "criteria[0].condition.all[0].fact",
        "criteria[0].condition.all[1].any_therapy.line",
        "criteria[0].condition.all[2].compare",
        "criteria[0].condition.all[2].compare.unit",
        "practice.confirm_days_before",
    ]


def test_yaml_surprises_stay_text() -> None:
    text = HEAD + (
        "effective: 2026-01-31\nsource: no\n"
        "criteria:\n  - {id: 'NO', kind: inclusion, title: on, text: 12:30, condition: {fact: hiv}}\n"
    )
    protocol = parse_protocol(text)
    assert (protocol.effective, protocol.source) == ("2026-01-31", "no")
    assert (protocol.criteria[0].title, protocol.criteria[0].text) == ("on", "12:30")


def test_a_bare_one_is_the_unit_one() -> None:
    bare = HEAD + (
        "criteria:\n  - id: I1\n    kind: inclusion\n    title: t\n    text: t\n"
        "    condition: {compare: {fact: flc_ratio, above: 1.650, unit: 1}}\n"
    )
    assert parse_protocol(bare).criteria[0].condition == nodes.Compare(
        "flc_ratio", nodes.Sign.ABOVE, Decimal("1.65"), "1"
    )


def test_equal_documents_have_one_digest_however_they_are_written() -> None:
    as_json = json.dumps(GOOD)
    as_yaml = (
        HEAD + "criteria:\n- {kind: inclusion, id: I1, text: No HIV., title: HIV, condition: {fact: hiv}} # same\n"
    )
    assert parse_protocol(as_json) == parse_protocol(as_yaml)
    assert parse_protocol(as_json).digest == parse_protocol(as_yaml).digest
    assert parse_protocol(as_json).digest != protocol_from(changed(["title"], "Another study")).digest


@pytest.mark.parametrize("registry_id", shipped())
def test_a_shipped_document_survives_its_own_text(registry_id: str) -> None:
    protocol = parse_protocol((FOLDER / f"{registry_id}.yaml").read_text(encoding="utf-8"))
    assert protocol.registry_id == registry_id
    assert parse_protocol(protocol.text) == protocol
    assert parse_protocol(protocol.text).text == protocol.text


def test_the_reference_practice() -> None:
    practice = load_protocol("NCT03464916").practice
    before = [(test.name, test.from_day, test.to_day) for test in practice.pregnancy_tests.before_first_dose]
    after = [(series.every_days, series.times) for series in practice.pregnancy_tests.after_first_dose]
    assert before == [("first", -14, -10), ("second", -1, 0)]
    assert after == [(7, 4), (28, None)]
    assert [(washout.criterion, washout.days) for washout in practice.washouts] == [("E1", 28), ("E2", 21)]
    assert TherapyKind.CONDITIONING not in practice.washouts[0].kinds
    assert practice.confirm_days_before == 3
    escalation = practice.dose_escalation
    assert escalation is not None
    assert (escalation.dlt_window_days, escalation.first_to_second_days) == (28, 14)
    assert (escalation.cohort_size, escalation.expanded_size, escalation.stop_at_toxicities) == (3, 6, 2)


def test_a_criterion_knows_what_it_reads() -> None:
    reference = load_protocol("NCT03464916")
    assert reference.criterion("E5").facts == ("ecog",)
    assert reference.criterion("E6").facts == (
        "therapies",
        "therapy_history_complete",
        "active_gvhd",
        "post_transplant_immunosuppression",
    )
    assert reference.criterion("I2").facts[:5] == (
        "serum_m_protein",
        "urine_m_protein",
        "flc_ratio",
        "kappa_flc",
        "lambda_flc",
    )
    assert reference.criterion("I1").kind is CriterionKind.INCLUSION
    with pytest.raises(KeyError):
        reference.criterion("I6")
    assert reference.facts[:3] == ("therapies", "therapy_history_complete", "serum_m_protein")
    assert len(reference.facts) == len(set(reference.facts)) == 40


def test_an_unknown_protocol_names_those_shipped(tmp_path: Any) -> None:
    for name in ("NCT99", str(tmp_path), "a\0b"):
        with pytest.raises(DocumentError, match="shipped with the product: NCT03464916"):
            load_protocol(name)
    not_text = tmp_path / "latin.yaml"
    not_text.write_bytes(b"title: \xe9")
    with pytest.raises(DocumentError, match="not UTF-8 text at position 7"):
        load_protocol(str(not_text))
