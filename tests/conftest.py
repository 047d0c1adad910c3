"""How hypothesis searches: freely at home, the very same examples each time under CI=true."""

import os

from hypothesis import settings

settings.register_profile("home", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=50, deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI", "").lower() in ("true", "1") else "home")
