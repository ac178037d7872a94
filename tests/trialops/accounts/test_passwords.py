"""Which passwords are taken, and that they are taken as typed."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from tests.factories import UserFactory
from trialops.accounts.passwords import PRODUCT_WORDS

LONG = "a sentence of my own, with blanks & ümläuts, that is much longer than sixty-four letters"


@pytest.mark.parametrize(
    "password",
    [
        "short-one",
        "123456789012345",
        "qwertyuiop123456"[:12],
        *(f"{word.title()}2026!{'1' * 8}" for word in PRODUCT_WORDS),
    ],
)
def test_what_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password)


def test_a_persons_own_name_is_refused() -> None:
    with pytest.raises(ValidationError):
        validate_password("Okonkwo-Bellweather", UserFactory.build(username="okonkwo-bellweather"))


@pytest.mark.parametrize("password", [LONG, "lowercaseletters", "коричневаялошадь", "my sponsor walks three dogs"])
def test_any_composition_of_any_length_is_taken(password: str) -> None:
    validate_password(password)


@pytest.mark.django_db
def test_a_password_counts_exactly_as_typed() -> None:
    user = UserFactory()
    user.set_password(LONG)
    assert user.check_password(LONG)
    for other in (LONG.upper(), LONG[:-1], LONG + " ", LONG[:64]):
        assert not user.check_password(other)
