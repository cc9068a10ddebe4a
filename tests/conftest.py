"""How Hypothesis searches: the same examples every run, so that a run says something about the change.

``HYPOTHESIS_PROFILE=explore`` searches anew each time; what it finds becomes a test of its own. Neither has a deadline:
how long an example takes says something about the machine.
"""

import os

from hypothesis import settings

settings.register_profile("repeat", derandomize=True, deadline=None)
settings.register_profile("explore", derandomize=False, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))
