"""genga.workflow.record_jobs: which versions are written into records.jsonl."""

from importlib.metadata import version
from platform import python_version

from genga.workflow.record_jobs import versions

PYPROJECT = """
[project]
dependencies = ["numpy>=2", "no-such-package==1.*", "pyyaml"]
[project.optional-dependencies]
dev = ["moto[s3]==5.2.*"]
gpu = ["no-such-runtime"]
audit = ["polars"]
"""


def test_versions_are_of_what_is_named_and_installed(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    assert versions(tmp_path / "pyproject.toml") == {
        "python": python_version(),
        "numpy": version("numpy"),
        "pyyaml": version("pyyaml"),
        "moto": version("moto"),
    }
