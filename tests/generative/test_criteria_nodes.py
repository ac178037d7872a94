"""What must hold of any condition over any record: logic, explanations, round trips, and a generator for every node."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.criteria import (
    CATALOGUE,
    Criterion,
    CriterionKind,
    DocumentError,
    Fact,
    Protocol,
    SubjectRecord,
    TherapyKind,
    Truth,
    assess,
    json_text,
    nodes,
    parse_protocol,
    parse_record,
    verdicts,
)
from screening.criteria.assessment import TRUTHS
from screening.criteria.compiled import decision, decisions
from screening.criteria.document_parsing import protocol_from
from screening.criteria.evaluate import evaluator
from screening.criteria.evaluation import verdicts_by_meaning
from screening.criteria.explain import explainer, tell
from screening.criteria.explain.words import wanted
from screening.criteria.facts import Facts, facts_of
from screening.criteria.logic import NOT
from screening.criteria.node_forms import FORMS, node_as_json
from screening.protocols import load_protocol
from tests.generative.criteria_strategies import (
    AS_OF,
    BOOLEANS,
    GENERATED,
    LIST_NODES,
    SUBJECT_LEAVES,
    UNTIL_FIRST_DOSE,
    Json,
    conditions,
    declared_facts,
    protocols,
    read,
    records,
)


def seen(record: Json) -> Facts:
    parsed = read(record)
    return facts_of(parsed, as_of=AS_OF, first_dose=parsed.first_dose or AS_OF, until_first_dose=UNTIL_FIRST_DOSE)


def node_classes(base: type[nodes.Node] = nodes.Node) -> Iterator[type[nodes.Node]]:
    for node in base.__subclasses__():
        if "__dataclass_fields__" in vars(node):
            yield node
        yield from node_classes(node)


def test_every_node_has_a_generator_an_evaluator_an_explanation_and_a_form() -> None:
    classes = set(node_classes())
    assert classes == GENERATED
    assert classes == {form.node for form in FORMS}
    fallbacks = {evaluator.dispatch(object), explainer.dispatch(object)}
    for node in classes:
        assert not {evaluator.dispatch(node), explainer.dispatch(node)} & fallbacks, node
    worded = {node for node in classes if node.level is not nodes.Level.SUBJECT}
    assert all(wanted.dispatch(node) is not wanted.dispatch(object) for node in worded)


def test_a_node_without_its_parts_is_refused_by_every_interpreter() -> None:
    class Stranger(nodes.Node):
        pass

    for interpret in (evaluator, explainer, wanted):
        with pytest.raises(TypeError, match="Stranger"):
            interpret(Stranger())


@pytest.mark.parametrize("leaf", [*SUBJECT_LEAVES, *LIST_NODES])
def test_every_node_is_unknown_of_a_record_without_facts(leaf: type[nodes.Node]) -> None:
    nothing = seen({})

    @given(node={**SUBJECT_LEAVES, **LIST_NODES}[leaf])
    @settings(max_examples=15, deadline=None)
    def check(node: nodes.Node) -> None:
        assert evaluator(node)(nothing, None) is Truth.UNKNOWN

    check()


@given(parts=st.lists(conditions, min_size=1, max_size=3).map(tuple), record=records())
@settings(max_examples=100, deadline=None)
def test_de_morgan(parts: tuple[nodes.Node, ...], record: Json) -> None:
    facts = seen(record)
    negated = tuple(nodes.Not(part) for part in parts)
    conjunction, disjunction = evaluator(nodes.All(parts))(facts, None), evaluator(nodes.Any(parts))(facts, None)
    assert evaluator(nodes.Any(negated))(facts, None) is NOT[conjunction]
    assert evaluator(nodes.All(negated))(facts, None) is NOT[disjunction]
    assert evaluator(nodes.Not(nodes.Not(parts[0])))(facts, None) is evaluator(parts[0])(facts, None)


@given(condition=conditions, record=records())
@settings(max_examples=200, deadline=None)
def test_an_explanation_has_the_evaluators_truth_and_names_what_is_missing(condition: nodes.Node, record: Json) -> None:
    facts = seen(record)
    truth, telling = tell(condition, facts)
    assert TRUTHS[truth] is evaluator(condition)(facts, None)
    assert (len(telling.missing) > 0) == (truth is None)
    assert telling.sentence.endswith(".")
    assert "\n" not in telling.sentence


@given(
    condition=conditions, record=records(), first_dose=st.integers(-20, 400).map(lambda n: AS_OF + timedelta(days=n))
)
@settings(max_examples=400, deadline=None)
def test_generated_code_decides_as_the_written_meaning_does(
    condition: nodes.Node, record: Json, first_dose: date
) -> None:
    facts = facts_of(read(record), as_of=AS_OF, first_dose=first_dose, until_first_dose=UNTIL_FIRST_DOSE)
    meant = evaluator(condition)(facts, None)
    assert TRUTHS[decision(condition)(facts)] is meant
    assert [TRUTHS[truth] for truth in decisions([condition, nodes.Not(condition)])(facts)] == [meant, NOT[meant]]


@given(protocol=protocols(), record=records(), first_dose=st.integers(-20, 60).map(lambda n: AS_OF + timedelta(days=n)))
@settings(max_examples=100, deadline=None)
def test_both_evaluators_give_the_same_verdicts(protocol: Protocol, record: Json, first_dose: date) -> None:
    parsed = read(record)
    assert verdicts(protocol, parsed, as_of=AS_OF, first_dose=first_dose) == verdicts_by_meaning(
        protocol, parsed, as_of=AS_OF, first_dose=first_dose
    )


@given(protocol=protocols())
@settings(max_examples=100, deadline=None)
def test_a_document_survives_its_own_text(protocol: Protocol) -> None:
    again = parse_protocol(protocol.text)
    assert again == protocol
    assert again.text == protocol.text
    assert again.digest == protocol.digest


@given(declared=declared_facts())
@settings(max_examples=100, deadline=None)
def test_declared_facts_survive_their_own_text(declared: tuple[Fact, ...]) -> None:
    hiv = Criterion("I1", CriterionKind.INCLUSION, "t", "t", nodes.IsTrue(CATALOGUE["hiv"]))
    protocol = Protocol("NCT0", "t", "1", (hiv,), declared=declared)
    again = parse_protocol(protocol.text)
    assert again.declared == declared
    assert again.text == protocol.text


@given(record=records())
@settings(max_examples=100, deadline=None)
def test_a_record_survives_its_own_text(record: Json) -> None:
    parsed = read(record)
    again = read(json_text.loads(json_text.dumps(parsed.as_json())))
    assert again == parsed
    assert again.digest() == parsed.digest()


@given(record=records(), randomly=st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_unrelated_facts_does_not_matter(record: Json, randomly: object) -> None:
    protocol = load_protocol("NCT03464916")
    by_fact: dict[str, list[Json]] = {}
    for observation in record["observations"]:
        by_fact.setdefault(observation["fact"], []).append(observation)
    order = [observation["fact"] for observation in record["observations"]]
    randomly.shuffle(order)  # type: ignore[attr-defined]
    shuffled = record | {"observations": [by_fact[fact].pop(0) for fact in order]}
    one, other = read(record), read(shuffled)
    assert assess(protocol, one, as_of=AS_OF).as_json() == assess(protocol, other, as_of=AS_OF).as_json()


# A completeness statement turns absence into an answer, a statement on pregnancy may contradict a test: by rule.
NEUTRAL = [name for name in BOOLEANS if not name.endswith("_complete") and name != "pregnant"]


@given(record=records(), fact=st.sampled_from(NEUTRAL), value=st.booleans())
@settings(max_examples=200, deadline=None)
def test_learning_a_fact_decides_only_what_named_it_as_missing(record: Json, fact: str, value: bool) -> None:
    """Learning never flips a decided verdict, and decides an unknown one only if `missing` said that it could."""
    others = [observation for observation in record["observations"] if observation["fact"] != fact]
    before = record | {"observations": others}
    after = record | {"observations": [*others, {"fact": fact, "value": value, "on": AS_OF.isoformat()}]}
    protocol = load_protocol("NCT03464916")
    known = verdicts(protocol, read(after), as_of=AS_OF)
    for result in assess(protocol, read(before), as_of=AS_OF).criteria:
        if fact not in result.missing:
            assert known[result.id] is result.verdict


@given(record=records(), first_dose=st.integers(-20, 60).map(lambda n: AS_OF + timedelta(days=n)))
@settings(max_examples=60, deadline=None)
def test_verdicts_alone_and_with_reasons_agree(record: Json, first_dose: date) -> None:
    protocol = load_protocol("NCT03464916")
    parsed = read(record)
    explained = assess(protocol, parsed, as_of=AS_OF, first_dose=first_dose)
    alone = verdicts(protocol, parsed, as_of=AS_OF, first_dose=first_dose)
    assert {result.id: result.verdict for result in explained.criteria} == alone


def test_a_document_under_which_nothing_known_is_eligible_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """No condition is true of nothing; should one ever be, its document is refused all the same."""
    raw = Protocol(
        "NCT0", "t", "1", (Criterion("I1", CriterionKind.INCLUSION, "t", "t", nodes.IsTrue(CATALOGUE["hiv"])),)
    ).as_json()
    assert protocol_from(raw)
    monkeypatch.setattr(Protocol, "decide", lambda _self, _facts: (True,))
    with pytest.raises(DocumentError, match="without any facts would be eligible"):
        protocol_from(raw)


def test_a_condition_is_written_as_it_is_read() -> None:
    node = nodes.AnyTherapy(nodes.All((nodes.KindIn((TherapyKind.ASCT,)), nodes.LineIn((1, 2)))))
    assert node_as_json(node) == {"any_therapy": {"all": [{"kind": ["asct"]}, {"line": [1, 2]}]}}


def test_an_empty_record_is_the_same_however_it_is_written() -> None:
    nothing = dict.fromkeys(SubjectRecord().as_json())
    assert parse_record({}) == parse_record(nothing) == SubjectRecord()
