"""Forms about protocol versions: a draft's document, a site's adoption of a version, a subject's re-consent."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from screening.models import ProtocolVersion
from screening.protocols import LARGEST
from trialops.forms import DayField, ReasonField


class DraftForm(forms.Form):
    """A protocol document, pasted or from a file; `seen` is the digest of the draft that the author began from."""

    document = forms.CharField(
        label=gettext_lazy("Document"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 28, "class": "document", "spellcheck": "false"}),
        help_text=gettext_lazy("YAML or JSON. It names the version itself, as “version”."),
    )
    file = forms.FileField(
        label=gettext_lazy("Or a file"),
        required=False,
        help_text=gettext_lazy("Takes the place of the text above."),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if typed.get("file"):
            typed["document"] = self._read(typed["file"])
        elif not self.errors and not typed.get("document", "").strip():
            self.add_error("document", _("Paste a document, or choose a file."))
        return typed

    def _read(self, file: "UploadedFile[bytes]") -> str:
        """The file's text; it stands in the form from now on, so that its mistakes can be mended there."""
        if (file.size or 0) > LARGEST:
            self.add_error("file", _("The file is larger than 1 MB; a protocol document is not."))
            return ""
        try:
            text: str = file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self.add_error("file", _("Not UTF-8 text at position %(at)d.") % {"at": error.start})
            return ""
        if "\x00" in text:
            self.add_error("file", _("Not a text: it holds null characters."))
            return ""
        data = cast(QueryDict, self.data).copy()
        data["document"] = text
        self.data = data
        return text


class SeenForm(forms.Form):
    """Only the digest of the draft that was shown: what somebody has changed since is not published."""

    seen = forms.CharField(widget=forms.HiddenInput)


class ApprovalForm(forms.Form):
    """The review board's approval of a version, and from when the site works under it."""

    approved_on = DayField(label=gettext_lazy("Approved by the review board on"))
    approval = forms.CharField(
        label=gettext_lazy("Reference of the approval"),
        max_length=200,
        help_text=gettext_lazy("The board's number, or the date of its letter."),
    )
    effective_on = DayField(
        label=gettext_lazy("In force at the site from"),
        help_text=gettext_lazy("Who is screened from this day on consents to this version; a later day is possible."),
    )


class AdoptionForm(ApprovalForm):
    """A version that a site takes up."""

    version = forms.ChoiceField(label=gettext_lazy("Version"))

    def __init__(self, *args: Any, versions: Iterable[ProtocolVersion], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.versions = _offer(self.fields["version"], versions)

    def clean_version(self) -> ProtocolVersion:
        return self.versions[self.cleaned_data["version"]]


class CorrectAdoptionForm(ApprovalForm):
    """What an entry about a version should have said."""

    reason = ReasonField(label=gettext_lazy("Why the entry is corrected"))


class ReconsentForm(forms.Form):
    """The later version to which a subject consents, and when."""

    version = forms.ChoiceField(label=gettext_lazy("Version"))
    on = DayField(label=gettext_lazy("Consented on"))
    reason = ReasonField(
        label=gettext_lazy("Comment"),
        required=False,
        help_text=gettext_lazy("No names, please: subjects are known by their number only."),
    )

    def __init__(self, *args: Any, versions: Iterable[ProtocolVersion], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.versions = _offer(self.fields["version"], versions)

    def clean_version(self) -> ProtocolVersion:
        return self.versions[self.cleaned_data["version"]]


def _offer(field: forms.Field, versions: Iterable[ProtocolVersion]) -> dict[str, ProtocolVersion]:
    """Offer versions, the newest chosen; returns them by the value that the form sends."""
    assert isinstance(field, forms.ChoiceField)  # noqa: S101  tells the type checker
    offered = {str(version.pk): version for version in versions}
    field.choices = [(key, version.label) for key, version in offered.items()]
    field.initial = next(reversed(offered), None)
    field.error_messages["invalid_choice"] = _("Choose one of the versions that the list offers.")
    return offered
