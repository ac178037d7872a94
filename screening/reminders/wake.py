"""Asking for a sweep of the reminders right away."""


def sweep_soon() -> None:
    """Once the transaction has committed, ask for a sweep now instead of within the minute."""
    from screening.reminders.tasks import sweep_reminders  # the task's work needs the plan, which asks for sweeps

    sweep_reminders.delay_on_commit()
