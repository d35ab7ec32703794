"""From a model back to the frames, tags and decisions it was made of, and each held against its record.

as_text             An audit as lines of text.
card                The model card of a run or a merge: `models/<name>/README.md`, from the same records as the audit.
checks              Is a file what is on record of it?
code                Which code the jobs ran: the commit that has all of it.
crate               A run as a Workflow Run RO-Crate: what the workflow read, what it made, with which parameters and
                    software.
crate_jobs          The jobs behind a model, each as an action of its own: the part of a crate that is a Provenance
                    Run Crate.
croissant           A dataset as Croissant: a folder with its table, one shard of its images, and JSON-LD that says
                    how to read both.
decisions           What people decided, as audits tell it: each line as a sentence, and whom it concerns.
diff                What differs between two runs or merges: the data they saw, the parameters, code, models and
                    software behind them.
extras              Libraries of auditors' formats: not part of the main environment, imported only where they are
                    used.
git_history         What git keeps of the small files that jobs read: content by path and sha256, and the commit that
                    has it all.
images              The images that a checkpoint was trained on: where each is from, what is written under it, and who
                    decided that.
lineage             The walk over the jobs' records (docs/records.md) from a file to what it was made of.
mlbom               A model and what it was made of as a CycloneDX bill of materials, with a model card (ML-BOM).
model               Which checkpoint of which run is a model file, or which merge?
model_package       A model as hubs and UIs have it: a folder with the file, a card, pictures it drew, and what it was
                    made of.
models              The models that the jobs used: models.yaml knows names, revisions and licences, the records know
                    the content.
origins             Where raw files came from, as `genga fetch` put it on record: sources.jsonl, by the content that
                    probe has seen.
page                An audit as a page beside the report: one file that opens anywhere, without a script.
papers              Card and audit of runs and merges, for the workflow to write last: whoever only looks does not
                    wait for imports.
previews            Pictures and clips that a model drew, as a package of it shows them, each with how it was drawn.
provenance          Everything that is on record of how a checkpoint came about: audits hold it against the files,
                    cards tell it.
roots               What an audit can be held against that nobody changes along with a file: a commit, or a signature.
safetensors_header  The header of a .safetensors, read without loading a tensor.
sampled             Where a sample comes from: the checkpoint that drew it, and the images and clips that it is near
                    to.
second_witness      What DVC knows of the files: dvc.lock has md5 sums of its own, which no record of ours went into.
signing             Sign a run's folder as OpenSSF does (model-signing), with a key of one's own: no service, no
                    account.
stills_made         Were the stills of a series made as params.yaml says now? What a package without pictures is made
                    again by.
tables              The stages' tables as an audit reads them: what is not here, or cannot be read, leaves gaps and is
                    said.
trace               What became of a frame: what each stage made of it and why, and which checkpoints saw it at which
                    steps.
tracetext           The trace of a frame as lines of text: a line for each stage, with its reason.
verify              The walk from a checkpoint to the raw videos, everything on it held against what is on record of
                    it.
written             What the workflow writes beside a model when it is done: its card, and the audit's page beside its
                    report.
"""
