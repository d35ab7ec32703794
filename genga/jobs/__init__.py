"""How a job starts, tells of itself and ends: parameters in, one summary line out.

environment  What a person keeps in the environment and in no file: keys of sites.
log_errors   What went wrong in a workflow, gathered from the jobs' logs: the line a person needs, found again at the
             end.
pack         A stage for the clips of a pack, in one process: `python -m genga.jobs.pack … -- scripts/STAGE.py …`.
pack_files   The files of a pack: tables, shards, JSON and pages of its clips put together, and taken apart again.
script       How a stage's command starts, tells how far it is, and ends: parameters in, one summary line or one clear
             error out.
warm         A pack's stages in one process: `python -m genga.jobs.warm`, with the words that genga.jobs.pack has behind
             it.
"""
