"""What a verdict proposes: a screen failure with its criteria, and which of them to call the primary reason."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from screening.models import Assessment

VIOLATED = "violated"


@dataclass(frozen=True)
class ProposedFailure:
    """The violated criteria in protocol order, the one suggested as primary, and by which rule it is suggested.

    `time_mends` says that every violated criterion would be mended by waiting alone.
    """

    criteria: tuple[str, ...]
    primary: str
    time_mends: bool

    @property
    def rule(self) -> str:
        if self.time_mends:
            return _("the first violated criterion in the protocol's order; time alone would mend all of them")
        return _("the first violated criterion in the protocol's order that time alone does not mend")


def proposed_failure(assessment: Assessment | None) -> ProposedFailure | None:
    """The screen failure that a verdict proposes; None where no criterion is violated."""
    criteria = assessment.result["criteria"] if assessment else []
    violated = [item for item in criteria if item["verdict"] == VIOLATED]
    if not violated:
        return None
    lasting = [item for item in violated if not (item["change"] and item["change"]["by"] == "time")]
    return ProposedFailure(
        criteria=tuple(item["id"] for item in violated),
        primary=(lasting or violated)[0]["id"],
        time_mends=not lasting,
    )
