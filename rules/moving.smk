"""Functions of rules for what a run learns from: series' training sets, clips and their videos, the options for them;
and for what draws its samples."""

from genga.workflow.run_series import together


def videos(wildcards):
    """The video of each episode of the series, by its name: in the command a file that names them."""
    names = PROJECT.names_of(wildcards.series)
    paths = {name: path for one in names for name, path in PROJECT.videos(wildcards.series, one).items()}
    return Named("videos", paths, PROJECT.journal.listed(paths))


def learnt_from(wildcards):
    """The tables that a run learns from: where its base moves clips, and images if stills are mixed in."""
    dataset, of = of_series("data/dataset/{series}.parquet")(wildcards), PROJECT.section("train", wildcards.run)
    if not PROJECT.moves(wildcards.run):
        return {"dataset": dataset}
    stills = any((part.get("clips") or {}).get("stills", 0) for part in (of, *of["phases"]))
    clipset = of_series("data/clipset/{series}.parquet")(wildcards)
    return {"clipset": clipset, "dataset": dataset} if stills else {"clipset": clipset}


def pictures(wildcards):
    """What examples are read from: shards of images; videos, and what probe found of them, where a base moves."""
    images = shards("stills", "crop")(wildcards)
    if not PROJECT.moves(wildcards.run):
        return images
    of = PROJECT.series_for(wildcards)
    names = [(series, name) for series in of for name in PROJECT.names_of(series)]
    videos = [path for series, name in names for path in PROJECT.videos(series, name).values()]
    return [*map(ancient, videos), *tables("probe", "json")(wildcards), *images]


def datasets(wildcards):
    """The options that name the training sets of a run's series, known by how these become one."""
    paths, how = of_series("data/dataset/{series}.parquet")(wildcards), together(PROJECT.params, wildcards.run)
    words = ["--together", json.dumps(how, ensure_ascii=False)] if how else []
    return Named("together", how, " ".join([each("--in-dataset", paths), shlex.join(words)]).strip())


def learnt(wildcards):
    """The options that name what a run learns from, known by whether it moves and how frames get their px."""
    if not PROJECT.moves(wildcards.run):
        return datasets(wildcards)
    paths, scaling = learnt_from(wildcards), PROJECT.section("stills")["scaling"]
    options = [each(f"--in-{name}", of) for name, of in paths.items()]
    said = {"scaling": scaling, "with": sorted(paths)}
    return Named("clips", said, " ".join([*options, "--scaling", shlex.quote(scaling)]))


def drawing(wildcards):
    """The roles of the models that draw a run's samples: its base, and what draws between frames if one is asked to."""
    how = PROJECT.section("sample", wildcards.run).get("clips", {}).get("interpolate")
    asked = PROJECT.moves(wildcards.run) and isinstance(how, dict) and how.get("by") == "model"
    return [PROJECT.base(wildcards.run), *(["interpolate"] if asked else [])]


# Of section clips what its tables do not depend on: how drawings are made larger, and exports faster.
LATER = ("upscale", "interpolate")


def of_tables(whole):
    """Return a params function: section clips, as `whole` says it, known by what the tables depend on."""

    def of(wildcards):
        said = whole(wildcards)
        return Named("clips", {key: value for key, value in json.loads(said).items() if key not in LATER}, said)

    return of


def upscaling(wildcards):
    """Section clips, of which clipset is held to how drawings are made larger."""
    values = PROJECT.section("clips")
    return Named("upscale", values["upscale"], json.dumps(values))
