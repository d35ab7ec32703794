"""How a job starts, tells of itself and ends: parameters in, one summary line out.

log_errors  What went wrong in a workflow, gathered from the jobs' logs: the line a person needs, found again at the
            end.
progress    Progress that reads well in a log as in a terminal: what, how far, at which rate, how long still.
script      How a stage's command starts and ends: parameters in, one summary line out, one clear line on error.
"""
