"""Rows of one site among the accounts: none."""

from trialops.row_security import Rows

ROWS: dict[str, Rows] = {}

NOT_OF_ONE_SITE = {
    "accounts.User": "a person may work at several sites, and must be found before anybody is signed in",
    "accounts.RepeatableRequest": "of one person, who alone is given it again",
}
