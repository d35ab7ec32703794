"""Functions of rules for what is worked on: the video of an episode, or a pack of clips, each clip by a stage's command."""

from genga.workflow.packs import held_in_pack, run_by


def video(wildcards):
    """The video of an episode, or of each clip of a pack. Content counts, not time: genga.workflow.restore sees to it."""
    return [ancient(path) for path in PROJECT.videos(wildcards.series, wildcards.episode).values()]


def video_again(wildcards):
    """The same for stages after probe, which says where a pack's are; where files lie in a bucket all are brought."""
    return video(wildcards) if PROJECT.bucket is not None or not is_packed(wildcards) else []


def named(wildcards, input):
    """The video in the command; the clips of a pack a file names (`packed`)."""
    return Named("video", None, "" if is_packed(wildcards) else shlex.quote(str(input.video[0])))


def is_packed(wildcards):
    return wildcards.series in PROJECT.packs


def clips_of_pack(wildcards):
    """What probe says of a pack: which clips it has. Named where files lie in a bucket, elsewhere the job looks."""
    return f"data/probe/{wildcards.series}/{wildcards.episode}.json" if is_packed(wildcards) else []


def packed(stage, *roles, also=None):
    """Return a params function: by what a pack's job runs its stage, known by that program's code; "" of an episode.

    roles: of the models that the stage is held to. also: what else it is held to that its command does not say.
    """

    @cache
    def held():
        said = [PROJECT.code(stage), PROJECT.held.pins(roles), PROJECT.held.contracts(roles), also]
        return held_in_pack(json.dumps(said, sort_keys=True))

    @cache
    def program():
        return PROJECT.journal.code_at("genga/jobs/pack.py")

    def of(wildcards):
        if not is_packed(wildcards):
            return Named("pack", None, "")
        clips = list(PROJECT.videos(wildcards.series, wildcards.episode).items()) if stage == "probe" else None
        listed = PROJECT.journal.listed(clips) if clips else ""
        return Named("pack", program(), run_by(stage, held(), listed))

    return of
