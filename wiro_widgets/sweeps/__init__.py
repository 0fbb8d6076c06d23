"""Many runs: axes, plan, scheduler, view."""
