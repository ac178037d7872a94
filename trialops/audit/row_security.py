"""Rows of the audit trail: an event is read by who may see what it is about."""

from trialops.row_security import Rows

ROWS = {
    "audit.Event": Rows(
        read=(("subject_pk__site", "sites"), ("site_pk", "sites"), ("study_pk", "managed")),
        write=(),
        open_without=("site_pk", "study_pk", "subject_pk"),
        only_triggers_add=True,
        keys=(("subject_pk", "screening.Subject"),),
    ),
}

NOT_OF_ONE_SITE = {
    "audit.Sealing": "of the product itself",
    "audit.Link": "a digest, and the place of an event in a chain",
}
