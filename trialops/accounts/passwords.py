"""What a password may not be built from: the words that somebody who knows this installation would try first."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

PRODUCT_WORDS = ("trialops", "clinicaltrial", "screening", "investigator", "coordinator", "sponsor", "hospital")
"""Documented in docs/security.md."""
ROOM = 8


class ContextWordsValidator:
    """Refuses a password of which little is left once such words, and the digits around them, are taken away."""

    def validate(self, password: str, user: object = None) -> None:
        """Raises ValidationError, naming the word."""
        lowered = password.lower()
        for word in PRODUCT_WORDS:
            if word in lowered and sum(not each.isdigit() for each in lowered.replace(word, "")) < ROOM:
                raise ValidationError(
                    _("“%(word)s” is a word that people try first here: take other words, or add several more."),
                    code="password_of_context_words",
                    params={"word": word},
                )

    def get_help_text(self) -> str:
        return _("Your password cannot consist mainly of a word of this product or its field.")
