"""How a job starts, tells of itself and ends: parameters in, one summary line out.

environment  What a person keeps in the environment and in no file: keys of sites.
log_errors   What went wrong in a workflow, gathered from the jobs' logs: the line a person needs, found again at the
             end.
script       How a stage's command starts, tells how far it is, and ends: parameters in, one summary line or one clear
             error out.
"""
