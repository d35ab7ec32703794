"""What people decided, in small text tables under corrections/: one reader, one writer, one map of which there are.

anchors     What a line is about: the id of a still, of a person in it or of a crop, and where that person was, its
            column `at`.
characters  Names that people gave: `corrections/<series>/characters.csv` turns clusters into characters.
csv         The tables under corrections/: which there are, and how their lines are read and written down.
folder      The files under corrections/: where each table lies, and which of them no stage reads.
frames      What a person decided about single frames: corrections/<series>/<episode>/frames.csv.
issues      What is to be put right: `corrections/<series>/issues.csv`, an issue of a tag or a character a line, with
            its state.
placing     Where a decision takes effect now: which still shows its drawing, and who in there is the person that was
            meant.
tag_rules   Rules about tags: `corrections/<series>/tag_rules.csv` adds, removes or replaces a tag wherever another
            one holds.
tags        What people decided about tags: `corrections/<series>/<episode>/tags.csv`.
writer      Write what people decide into the tables under corrections/: one line changes, every other stays byte for
            byte.
"""
