"""genga.exchange.markdown and the texts that leave for others: a name stays a name, whatever is in it."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from audited import make

from genga.audit.card import card
from genga.audit.crate_jobs import iri
from genga.exchange.markdown import code, row, text
from genga.store.files import read_json, write_facts
from genga.workflow.records import read_records


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("hana", "hana"),
        (12, "12"),
        ("long_hair *", r"long\_hair \*"),
        ("[a](b) ![c]", r"\[a\](b) \!\[c\]"),
        ("<b> & `c`", r"&lt;b&gt; &amp; \`c\`"),
        ("a | b", "a &#124; b"),
        ("a\n---\u2028b", "a --- b"),
        ("# ~~a~~ $x$", r"\# \~\~a\~\~ \$x\$"),
        ("Re:Zero http://a", r"Re:Zero http\://a"),
        ("\\", r"\\"),
    ],
)
def test_a_value_stays_text(value: object, said: str) -> None:
    assert text(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("a_b", "`a_b`"),
        ("`", "`` ` ``"),
        ("a``b", "```a``b```"),
        ("a\nb", "`a b`"),
        ("a|b_c", r"<code>a&#124;b\_c</code>"),
        ("", "` `"),
    ],
)
def test_a_value_stays_code(value: object, said: str) -> None:
    assert code(value) == said


def test_a_row_has_the_cells_it_was_given() -> None:
    assert row(text("a|b"), code("c|d"), text("e")) == "| a&#124;b | <code>c&#124;d</code> | e |"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("data/tag/花 s/第1話.parquet", "data/tag/花%20s/第1話.parquet"),
        ("100%", "100%25"),
        ('a#b"<c>|{d}\\^`', "a%23b%22%3Cc%3E%7C%7Bd%7D%5C%5E%60"),
        ("a\nb\u0085", "a%0Ab%C2%85"),
        ("a-b_c~d.e!$&'()*+,;=:@?", "a-b_c~d.e!$&'()*+,;=:@?"),
    ],
)
def test_an_id_of_a_crate_is_an_iri(name: str, said: str) -> None:
    assert iri(name) == said


ODD = "a|b `c` <d> [e](f) *g*: #\u2028--- \u0085h"


def test_a_card_says_names_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path)
    listed = read_json("models/r/checkpoints.json")
    write_facts("models/r/checkpoints.json", listed | {"trigger": ODD, "base": listed["base"] | {"name": ODD}})
    records = read_records()
    jobs = {key: replace(job, params=job.params | {job.rule: {"a": ODD}}) for key, job in records.jobs.items()}
    said = card("r", replace(records, jobs=jobs))
    _, front, body = said.split("---\n", 2)
    front = yaml.safe_load(front)
    assert front["instance_prompt"] == ODD and front["base_model"] in (ODD, "tiny")
    name = r"a&#124;b \`c\` &lt;d&gt; \[e\](f) \*g\*: \# --- h"
    assert f"A LoRA fine-tuned from {name}, step 4" in body
    assert f"Its captions begin with <code>{name}</code>." in body
    assert {line.count("|") for line in body.split("\n") if line.startswith("| tag |")} == {3}
    assert not {"<d>", "[e](f)"} & set(body.split())
