"""How hypothesis searches: freely at home, the very same examples each time under CI=true.

For a long night: `pytest --hypothesis-profile=night tests/test_op*.py tests/test_kinks.py`.
"""

import os

from hypothesis import settings

settings.register_profile("home", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=50, deadline=None, derandomize=True, print_blob=True)
settings.register_profile("night", max_examples=10_000, deadline=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI", "").lower() in ("true", "1") else "home")
