"""genga.workflow.record_jobs and noted: which versions and tables of decisions are written into records.jsonl."""

from importlib.metadata import version
from platform import python_version

from genga.workflow.noted import Noted, with_noted
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


def test_a_job_is_on_record_as_one_that_had_its_tables_as_they_are_now():
    noted = {
        "c/s/characters.csv": Noted(("aa", "bb"), ("aa", "bb")),
        "c/s/tiers.csv": Noted(([["s/e/000001", "best", ""]], [["s/e/000001", "best", "1-0 0 0 9 9"]]), ("cc", "dd")),
    }
    found = {
        "rule": "characters",
        "params": ['code="k"', 'corrections={"c/s/aliases.csv":"ee","c/s/characters.csv":"aa"}', "{}"],
        "input_checksums": {"c/s/characters.csv": "sha256:aa", "c/s/aliases.csv": "sha256:ee", "t": "sha256:aa"},
    }
    assert with_noted(found, noted) == {
        "rule": "characters",
        "params": ['code="k"', 'corrections={"c/s/aliases.csv":"ee","c/s/characters.csv":"bb"}', "{}"],
        "input_checksums": {"c/s/characters.csv": "sha256:bb", "c/s/aliases.csv": "sha256:ee", "t": "sha256:aa"},
    }
    of_tiers = {"params": ['corrections={"c/s/tiers.csv":[["s/e/000001","best",""]]}'], "input_checksums": None}
    assert with_noted(of_tiers, noted)["params"] == [
        'corrections={"c/s/tiers.csv":[["s/e/000001","best","1-0 0 0 9 9"]]}'
    ]
    before = {"params": ['corrections={"c/s/characters.csv":"ff"}'], "input_checksums": {}}
    assert with_noted(before, noted) == before, "another table than the one in which it was noted"
