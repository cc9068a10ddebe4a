"""How Hypothesis searches: the same examples every run, so that a run says something about the change.

``HYPOTHESIS_PROFILE=explore`` searches anew each time; what it finds becomes a test of its own.
"""

import os

from hypothesis import settings

settings.register_profile("repeat", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))
