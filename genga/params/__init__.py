"""What can be set in params.yaml: a module per section, each with a class `Params`; and how sections are read.

characters        Section `characters`: how crops are gathered into clusters, one for a person.
check             Check the whole of params.yaml: every section there and valid, none unknown.
crop              Section `crop`: what is cut out of the stills.
dataset           Section `dataset`: what goes into a training set, with which captions and sizes, and what is held
                  out of it.
dedup             Section `dedup`: which frames show the same drawing, and which of them stands for it.
detect            Section `detect`: where people are.
embed             Section `embed`: which crops the character embedder looks at.
evaluate          Section `evaluate`: how a run's samples are judged, and which checkpoint is selected.
frames            Section `frames`: what is measured on every decoded frame.
hardware_decoder  What can decode a video beside the processor, as `frames.hwaccel` and `stills.hwaccel` name it.
models            Section `models`: which models the line uses.
overview          Section `overview`: how the episodes of a series are shown beside each other.
probe             Section `probe`: what a video file must be to go down the line.
quality           Section `quality`: how good a still is as a picture to learn from. A still is as good as its worst
                  measure.
report            Section `report`: how much a report shows.
review            Section `review`: how an episode is shown to a person who checks it.
runs              Section `runs`: a training run each, and what differs in it from the sections above.
sample            Section `sample`: the pictures drawn with the base and with every checkpoint.
section           A section of params.yaml: frozen, no key that is not known, and one line that says which key is
                  wrong.
shots             Section `shots`: where shots begin, how one passes into the next, and how the camera moves.
stills            Section `stills`: how kept drawings become images.
tag               Section `tag`: what the taggers' scores become.
train             Section `train`: how a LoRA is trained. docs/training.md gives the values of published recipes.
"""
