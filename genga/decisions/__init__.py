"""What people decided, in small text tables under corrections/: one way to read, one to write.

characters  Names that people gave: `corrections/<series>/characters.csv` turns clusters into characters.
csv         Shim.
frames      What a person decided about single frames: corrections/<series>/<episode>/frames.csv.
tags        What people decided about tags: `corrections/<series>/<episode>/tags.csv`.
"""
