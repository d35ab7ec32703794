"""What can be set in params.yaml: a module per section, each with a class `Params`; and how sections are read.

check             Check the whole of params.yaml, every section there and valid, none unknown, and bring its values
                  into one form.
hardware_decoder  What can decode a video beside the processor, as `frames.hwaccel` and `stills.hwaccel` name it.
names             Names that people give: of series and episodes by their files, of runs and characters in
                  params.yaml.
notation          YAML 1.2 as people and DVC write it: the file says what is meant, however it is written.
recipes           Recipes: processes of training as data, a file each under `recipes/`; a run names one and may
                  overrule it.
section           A section of params.yaml: frozen, no key that is not known, and one line that says which key is
                  wrong.
series            Section `series`: what is to be known of series by name; others are told by what lies there.
sources           Section `sources`: where pictures and videos come from, an entry each, for `genga fetch`. No stage
                  reads it.
"""
