"""What the rules say of a reminder, in the language of who reads it.

The rules are pure, and the database keeps what they say in English. Each sentence they can say has its form here; a
test plays the rules and fails for a sentence of no form.
"""

from django.utils.translation import gettext_noop as _

from trialops.language import Sentences

SUMMARIES = (
    _("Eligible until %(day)s; then no longer satisfied: %(criteria)s"),
    _("Screen failure waiting for review since %(day)s"),
    _("Site status not verified since %(day)s"),
    _("%(washout)s ends on %(day)s; the %(longest)s still prevents dosing until %(until)s"),
    _("%(washout)s ends on %(day)s; the %(longest)s still prevents dosing"),
    _("%(washout)s ends: dosing becomes possible on %(day)s"),
    _("First dose planned on %(day)s, but the %(washout)s has not begun"),
    _("First dose planned on %(day)s falls inside the %(washout)s, which lasts until %(until)s"),
    _("%(washout)s holds for the first dose planned on %(day)s"),
    _("%(days)s-day washout (%(criterion)s)"),
    _("%(name)s pregnancy test before the first dose"),
    _("Pregnancy test %(days)s days after the first dose"),
    _("First"),
    _("Second"),
)
"""What is due. The names of tests (`First`) are those of the shipped practice; others stay as they are written."""

REASONS = (
    _("the window was %(was_from)s to %(was_to)s and is %(now_from)s to %(now_to)s"),
    _("%(one)s; %(two)s"),
    _("%(anchor)s moved from %(before)s to %(after)s"),
    _("the time at which it is told has changed"),
    _("the subject is no longer in the study"),
    _("the subject is %(state)s"),
    _("the screen failure was withdrawn"),
    _("no longer recorded as a female of childbearing potential"),
    _("no first dose is planned any more"),
    _("no longer due by the protocol's practice"),
    _("no longer due after the dose"),
    _("the first dose was given on %(day)s"),
    _("nothing ends an eligible window any more, or there is none"),
    _("the first dose planned on %(day)s no longer falls inside the washout"),
    _("the first dose planned on %(day)s falls inside the washout"),
    _("the washout has no known end any more, or ended before screening began"),
    _("the result that settled it has been taken back or corrected"),
    _("the window ended on %(day)s before it could be told"),
    _("the window ended before it could be told"),
    _("nothing was recorded in the window"),
    _("no pregnancy test in the window has been recorded"),
    _("the screen failure has not been reviewed"),
    _("the status has not been verified"),
    _("pregnancy test of %(day)s"),
    _("verified on %(day)s"),
    _("the site has no status any more"),
    _("returned with a question on %(day)s"),
    _("withdrawn on %(day)s"),
    _("confirmed on %(day)s"),
    _("last eligible day"),
    _("last verification"),
    _("wait for review"),
    _("first dose"),
    _("planned first dose"),
    _("last dose before the washout"),
    _("end of the washout"),
    _("pre-screened"),
    _("in screening"),
    _("eligible"),
    _("enrolled"),
    _("treated"),
    _("completed"),
    _("screen failed"),
    _("withdrawn"),
    _("ineligible"),
    _("undetermined"),
    _("The verdict is %(verdict)s."),
    _("In force when screening started."),
)
"""Why one was moved, settled, missed or dropped; the days it hangs on; the states of a subject."""

sentences = Sentences(*SUMMARIES, *REASONS)
