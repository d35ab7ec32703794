"""What happens around the jobs: which episodes and models there are, what is stale, what is on record.

bucket              A project whose files lie in a bucket (profiles/kubernetes): what there is in it, and where a job
                    sees its files.
bucket_records      What a cluster made, brought home: records of files in a bucket as Snakemake's records of the same
                    files here.
code_hash           Find the code a script runs, and say by a hash what that code does.
cores               How many threads a job has that decodes a video: as few as leave no core without work.
decided             What people decided, as the jobs will have it: lines with where they were decided, and where they
                    take effect.
dvc_lock            Keep dvc.lock complete after Snakemake, so that DVC finds on it all that was made here.
dvc_phase           The last command of each phase in dvc.yaml: that it has all it made, before DVC puts what is here
                    in its place.
families            Whether runs and merges fit the bases that models.yaml has in the roles that they name, said
                    before any job begins.
forgotten           Series whose videos are not here: what of them can still be had, and how one is forgotten.
held_models         The models of models.yaml, as the jobs that use them are held to them: files, pins, and what an
                    entry says.
house_picture       Draw the house from the code: its rooms with their modules, and which room imports which, as SVG.
looked_up           Where a table's lines were decided and where they take effect, as the tables of episodes have it
                    now.
merges              The merges of a project: which can be made, where their parents lie, and what a job of them is
                    held to.
missing_videos      Videos that are not here: left out of a pull on purpose, taken away, or on a network drive that is
                    gone.
noted               Records of jobs after genga noted in a table, at the end of their run, where its lines were
                    decided.
opening             Open the project when the Snakefile is read: all that has an effect before any job is here; rules/
                    only ask.
packs               Series of short clips: which series are such, and which pack each clip is in.
project             What there is to work on: episodes, series, runs and models, and what a job depends on besides its
                    tables.
record_jobs         From Snakemake's records of finished jobs to the lines of records.jsonl.
records             How every file was made: records.jsonl, one line for each job of the workflow, kept in git beside
                    dvc.lock.
reference_docs      Make docs/reference/ from the code: every stage, command and room, so that no page can be out of
                    date.
restore             From the lines of records.jsonl back to Snakemake's records, wherever files here have the content
                    on record.
run_series          The series that a run learns from, and how their training sets become one
                    (genga.dataset.together).
session             What the workflow does around its jobs: hand records to Snakemake before it looks, write them down
                    when it is done.
snakemake_growth    What Snakemake 9.27.1 does for every job and file again, done once or with less: the results are
                    equal.
snakemake_metadata  Snakemake's own records of this folder: .snakemake/metadata, one JSON file for each output, as of
                    version 9.27.
snakemake_patches   What Snakemake and its plugins do otherwise than they would, each with the version it was seen in,
                    and why.
unreadable          Videos that stage probe cannot read: their series goes on without them, until they are other
                    files.
"""
