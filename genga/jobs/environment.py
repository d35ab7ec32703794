"""What a person keeps in the environment and in no file: keys of sites."""

import os


def secret(name: str) -> str:
    """Return the value of an environment variable, without blanks around it; "" if there is none."""
    return os.environ.get(name, "").strip()
