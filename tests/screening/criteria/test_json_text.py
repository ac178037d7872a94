"""JSON read strictly and written back without loss."""

from decimal import Decimal

import pytest

from screening.criteria import json_text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not valid JSON at line 1 column 1: the text ends too early"),
        ('{"a": 1', "not valid JSON at line 1 column 8: the text ends too early"),
        ('{"a": "x', "the text ends too early"),
        ('{"a":\n tru', "line 2 column 2"),
        ('{"a": 1,}', "not valid JSON at line 1 column 9"),
        ('{"a": 1} x', "line 1 column 10: extra data"),
        ('{"a": 1, "a": 2}', 'the key "a" is given twice in one object'),
        ('{"b": {"a": 1, "a": 1}}', 'the key "a" is given twice in one object'),
        ("NaN", "NaN is not a number of JSON"),
        ("-Infinity", "-Infinity is not a number of JSON"),
        ("[" * 200_000, "nested too deeply"),
        ("1e9999999999999999999999", "is too large to hold"),
        ('"\x00"', "not valid JSON"),
    ],
)
def test_what_is_not_accepted_is_told_in_one_line(text: str, says: str) -> None:
    with pytest.raises(json_text.JsonError) as refused:
        json_text.loads(text)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_numbers_are_the_decimals_that_were_written() -> None:
    assert json_text.loads("[0.1, 1.40, 7, 1E+2]") == [Decimal("0.1"), Decimal("1.40"), 7, 100]
    assert json_text.dumps(json_text.loads('{"a": [0.1, 1.40, 7]}')) == '{"a": [0.1, 1.40, 7]}'


@pytest.mark.parametrize("indent", [None, 2])
def test_what_is_written_is_read_again(indent: int | None) -> None:
    value = {"a": [], "b": {}, "c": ["x\n\u2028", None, True, Decimal("1e-7")], "d": {"e": [{"f": -1}]}}
    assert json_text.loads(json_text.dumps(value, indent=indent)) == value


def test_what_has_no_json_form_is_refused() -> None:
    with pytest.raises(TypeError, match="float has no JSON form"):
        json_text.dumps({"a": 1.5})
