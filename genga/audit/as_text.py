"""An audit as lines of text."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from genga.audit.checks import ABSENT, CHANGED, STATES, UNRECORDED
from genga.audit.origins import in_words
from genga.pages.html import clock

Audit = Mapping[str, Any]
# Who decided a tag, in the order they are named.
DECIDERS = {
    "model": "by taggers",
    "box": "by the boxes",
    "shot": "by its shot",
    "person": "by a person",
    None: "by whom is not known here",
}
NOT_ALL_READ = "what has not changed since it was last read was not read again"
# Each verdict in words, and what there is to do about it.
HEADS = {
    "verified": "verified",
    "recorded": "as recorded",
    "uncommitted": "as recorded, by records that are in no commit yet",
    "unrecorded": "NOT ALL ON RECORD",
    "contradicted": "as recorded, NOT AS IN dvc.lock",
    "changed": "NOT AS RECORDED",
}
WAYS_OUT = {
    "uncommitted": "`git add records.jsonl && git commit` gives them a root, --uncommitted does without",
    "unrecorded": "`git checkout records.jsonl` brings lines back, --unrecorded does without",
    "contradicted": "`dvc commit` what was made since, `dvc checkout` what was not; --uncommitted does without",
    "changed": "`dvc checkout` or `dvc pull` brings back what was committed",
}
LEFT_OUT = "true of it, left out of the caption"
UNSAID = "of each of its files below"  # of a folder that is not pinned as a whole
LISTED = 20  # of what is absent or unrecorded at most; what is changed is listed in full


def lines(audit: Audit, with_images: bool) -> Iterator[str]:
    """Yield the audit's lines. with_images: every training image too, not their number alone."""
    yield from _model(audit)
    yield from _images(audit, with_images)
    yield from _sources(audit, with_images)
    yield f"corrections: {len(audit['corrections'])} lines were read"
    yield from (f"  {one['file']}:{one['line']}: {', '.join(one['values'].values())}" for one in audit["corrections"])
    yield "models:"
    for model in audit["models"]:
        yield f"  {model['role']:<13} {model['name']:<28} {model['revision'] or model['set']:<12} {model['licence']}"
    yield "parameters:"
    yield from (f"  {stage}: {_values(values)}" for stage, values in audit["parameters"].items())
    yield f"code: {_code(audit['code'])}"
    yield f"records: {records_said(audit['records'])}"
    yield f"software: {_software(audit) or 'not on record'}"
    yield from _checks(audit)


def verdict(audit: Audit) -> str:
    """Return the audit in one line, with the way out where there is something to be done."""
    numbers = {state: sum(of.get(state, 0) for of in audit["counts"].values()) for state in STATES}
    said = ", ".join(f"{number} {state}" for state, number in numbers.items())
    root, way_out = audit["records"]["root"], WAYS_OUT.get(audit["verdict"])
    head = HEADS[audit["verdict"]] + (f" against {root}" if root and audit["verified"] else "")
    notes = [said, *([] if audit["all_read"] else [NOT_ALL_READ]), *([way_out] if way_out else [])]
    return f"audit {audit['model']['file']}: {head}: {'; '.join(notes)}"


def _model(audit: Audit) -> Iterator[str]:
    model, checkpoint, base = audit["model"], audit["checkpoint"], audit["base"]
    if audit["merged"]:
        yield f"{model['file']}: merge {audit['run']}"
        yield f"  sha256 {model['sha256'] or 'not here'}"
        yield from (f"  {one['letter']}: {one['called']}, sha256 {one['sha256'] or UNSAID}" for one in audit["merged"])
        return
    yield f"{model['file']}: run {audit['run']}, step {checkpoint['step']}, epoch {checkpoint['epoch']}"
    yield f"  sha256 {model['sha256'] or 'not here'}"
    yield f"  fine-tuned from {base['name']}, sha256 {base['sha256']}"


def _images(audit: Audit, with_images: bool) -> Iterator[str]:
    images = audit["images"]
    looks = sum(image["looks"] for image in images)
    yield f"images: {len(images)}, seen {looks} times, of episodes {', '.join(audit['episodes']) or 'none'}"
    for image in images if with_images else ():
        where = f"{image['still']} at {clock(image['time'])}" if image["time"] is not None else image["still"]
        crop = image["crop"]
        box = f" px {' '.join(map(str, crop['box']))}" if crop and crop["box"] else ""
        frames = image.get("frames") or ()
        more = f", {len(frames)} frames of {len(set(frames))} drawings at {image['rate']:g}/s" if frames else ""
        yield f"  {image['image']}: {image['kind'] or 'not in the dataset'}, frame {where}{box}{more}"
        if frames:
            yield f"    frames of {image['video']}: {' '.join(map(str, frames))}"
        who = image["character"]
        named = f" ({who['name'] or 'nobody'} by {who['by']})" if who and who["name"] is not None else ""
        phase = f", phase {', '.join(map(str, image['phases']))}" if max(image["phases"]) > 1 else ""
        yield f"    seen {image['looks']} times, steps {image['first_step']} to {image['last_step']}{phase}{named}"
        if image["tags"] is not None:
            yield f"    caption: {image['caption']}"
            yield from (f"    {who}: {', '.join(tags)}" for who, tags in deciders(image))
        yield from (f"    {one['file']}:{one['line']}: {one['said']}" for one in image["decisions"])


def _sources(audit: Audit, with_images: bool) -> Iterator[str]:
    """Where files came from that were fetched; of albums the pictures too, where images are listed."""
    of_files = [line for line in audit["sources"] if line["frame"] is None]
    pictures = [line for line in audit["sources"] if line["frame"] is not None]
    if of_files:
        one, many = "picture that is", "pictures that are"
        of = f", with {len(pictures)} {one if len(pictures) == 1 else many} learnt from" if pictures else ""
        yield f"sources: {len(of_files)} of the files were fetched{of}"
    yield from (f"  {in_words(line)}" for line in (*of_files, *(pictures if with_images else ())))


def deciders(image: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Return the image's tags by who decided them; last those that hold and are left out of the caption."""
    found: dict[str, list[str]] = {}
    for tag in image["tags"] or ():
        who = DECIDERS.get(tag["by"], str(tag["by"])) if tag["in_caption"] else LEFT_OUT
        found.setdefault(who, []).append(tag["tag"])
    order = [*DECIDERS.values(), LEFT_OUT]
    return sorted(found.items(), key=lambda pair: order.index(pair[0]) if pair[0] in order else -1)


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()) or "none"


def _code(code: Mapping[str, Any]) -> str:
    if not code["files"]:
        return "not on record"
    if code["commit"]:
        return f"commit {code['commit']}, {len(code['files'])} files"
    known = sorted({commit for commit in code["by_job"].values() if commit})
    lost = [name for name, commit in code["by_job"].items() if commit is None]
    of = f"commits {', '.join(commit[:12] for commit in known)}; " if known else ""
    return f"{of}in no commit here as {len(lost)} of {len(code['by_job'])} jobs ran it ({', '.join(lost[:3])}, …)"


def records_said(records: Mapping[str, Any]) -> str:
    """Return what all is held against, and what stands behind it: records can be changed, too."""
    if not records["lines"]:
        return f"no line of records.jsonl {'there' if records['root'] else 'here'} speaks of it"
    own = f"{records['lines']} lines of records.jsonl, sha256 {records['lines_sha256']}"
    if records["root"]:
        return f"{own}, as in {records['root']}"
    return f"{own}, in no commit yet: commit it" if records["asked"] else own


def _software(audit: Audit) -> str:
    return ", ".join(f"{name} {' and '.join(versions)}" for name, versions in audit["software"].items())


def _checks(audit: Audit) -> Iterator[str]:
    yield "checks:" + " " * 8 + "".join(f"{state:>12}" for state in STATES)
    for what, numbers in audit["counts"].items():
        yield f"  {what:<13}" + "".join(f"{numbers.get(state, 0) or '':>12}" for state in STATES)
    for state in (CHANGED, ABSENT, UNRECORDED):
        found = [check for check in audit["checks"] if check["state"] == state]
        shown = found if state == CHANGED else found[:LISTED]
        if found:
            yield f"{state}:"
        yield from (_check(check) for check in shown)
        if len(found) > len(shown):
            yield f"  and {len(found) - len(shown)} more: see --json"


def _check(check: Mapping[str, Any]) -> str:
    on_record = f", on record {check['sha256']}" if check["sha256"] and check["state"] == CHANGED else ""
    note = f", {check['note']}" if check["note"] else ""
    return f"  {check['what']} {check['name']}{on_record}{note}"
