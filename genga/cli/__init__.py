"""Subcommands of `genga`: a module per subcommand, each with a typer `app`.

audit      `genga audit MODEL`: which data produced a model, and is all of it still what it was.
booru      `genga booru push|pull SERIES`: the tags of a series' images in posts of a server of Danbooru's kind, and
           back.
calibrate  `genga calibrate`: what taggers' scores mean, by what people said of their tags.
card       `genga card`: the model card of each run and merge, beside its model.
clips      `genga clips`: the clips of a series as videos with captions, for tools that train on moving pictures.
diff       `genga diff RUN RUN`: which data, parameters and code differ between two runs, or merges.
export     `genga export`: a dataset for other tools; stills, sheet; a model; for auditors croissant, mlbom, rocrate.
fetch      `genga fetch`: pictures and videos from the sources in params.yaml into data/raw, each with where it came
           from.
forget     `genga forget SERIES`: take off the records and the disk what was made of a series whose videos are gone.
hydrus     `genga hydrus push|pull SERIES`: a series' images and tags in Hydrus Network, and what people change there
           back.
import_    `genga import`: what people changed in the captions of an export, as lines under corrections/.
models     `genga models`: list, pull, verify, lock-embedded.
package    `genga package`: a data set, or a model, as one uploads it; `--push` uploads it.
rebuild    `genga rebuild PACKAGE`: the pictures of a package without pixels, from the videos.
recipes    `genga recipes`: list, show.
review     `genga review`: a desk in the browser, to look through what was made and to correct it.
sign       `genga sign RUN KEY`: sign a run's folder, so that one changed byte in it shows.
summary    `genga summary`: what has been made, in a few lines: counts at each stage, models, selected checkpoints,
           reports.
trace      `genga trace FRAME`: what every stage made of a frame, and which checkpoints saw it; or what a sample is
           near to.
verify     `genga verify RUN KEY.pub`: is a run's folder what was signed?
"""
