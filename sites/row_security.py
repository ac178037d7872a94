"""Which tables of this app hold rows of one site, and who reads and changes them (see trialops.row_security)."""

from trialops.row_security import Rows, of_study


def _counted(path: str) -> Rows:
    """Rows of those who read a study's figures over all sites."""
    return Rows(read=((path, "counted"),), write=((path, "counted"),))


ROWS = {
    "trial_sites.Site": of_study("study", lock=(("pk", "writable"),)),  # whoever enters a subject locks its site
    "trial_sites.InvestigatorTerm": of_study("site__study"),
    "trial_sites.SiteStatusChange": of_study("site__study"),
    "trial_sites.SiteStatusVerification": of_study("site__study"),
    "trial_sites.Membership": of_study("study", read_too=(("user", "person"),)),
    "trial_sites.StudyChange": Rows(  # made by triggers, by whoever changes something at one of the sites
        read=(("study", "studies"),), write=(("study", "managed"), ("site", "writable"))
    ),
    "trial_sites.StudyWebhook": _counted("study"),
    "trial_sites.WebhookCall": _counted("webhook__study"),
    "trial_sites.CallAttempt": _counted("call__webhook__study"),
}

NOT_OF_ONE_SITE = {
    "trial_sites.Study": "a study spans its sites; its data version rises with every change at any of them",
    "trial_sites.Investigator": "a physician may answer for sites of several studies; the terms say for which",
    "trial_sites.ApiToken": "of a whole study, and looked up by digest before anybody is known",
    "trial_sites.RegistryCopy": "of a whole study, and public",
}
