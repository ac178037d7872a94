"""The box that `make demo` prints when everything answers: addresses, sign-ins, token, how to stop."""

from collections.abc import Mapping
from typing import Any

RULE = "=" * 100


def box(demo: Mapping[str, Any], *, url: str, mails_kept: bool) -> str:
    """The text for the demo data that `load_demo` noted; lines to paste stand alone, without a frame at their ends."""
    lines = [RULE, f"trialops is ready:  {url}/", ""]
    sign_ins = demo.get("sign_ins", [])
    if sign_ins:
        widths = [max(len(str(entry[key])) for entry in sign_ins) for key in ("role", "username")]
        lines.append("Sign in as (all data are invented):")
        lines += [sign_in_line(entry, *widths) for entry in sign_ins]
        lines.append("")
    if demo.get("token"):
        lines += ["Poll the enrollment counts as the sponsor:", curl_line(demo, url), ""]
    if mails_kept:
        mails = url + demo.get("mail_path", "/demo/mail/")
        lines.append(f"Mails that were sent (sign in as the study manager):  {mails}")
    else:
        lines.append("Mails go to the server named by EMAIL_URL.")
    lines += ["Stop everything with Ctrl-C.", RULE]
    return "\n".join(["", *lines])


def sign_in_line(entry: Mapping[str, str], role_width: int, name_width: int) -> str:
    return f"  {entry['role']:<{role_width}}   {entry['username']:<{name_width}}   {entry['password']}"


def curl_line(demo: Mapping[str, Any], url: str) -> str:
    return f"curl -H 'Authorization: Bearer {demo['token']}' {url}{demo['api_path']}"
