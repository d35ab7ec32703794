"""Pages and sheets for people: one file each, that opens anywhere.

closest        The closest calls of an episode: taken for one drawing or for two by the smallest margin, for a person
               to check.
contact_sheet  A contact sheet of clusters, for the person who names them: one HTML file that opens anywhere.
counts         Count an episode's rows after each stage, from the tables. What a count is: genga.pages.tally.
html           Pages that are one file each: a template, a style sheet and the palette, all in it; no script, no date,
               no path.
overview       The page of a series: its episodes beside each other, those unlike the others marked, and its closest
               decisions.
report         The report of a run: one page that opens anywhere, offline, from figures and pictures that are all in
               it.
review         The page of an episode: what was made of its frames, for a person to look through and correct.
tally          How much of what there is after each stage, and what became of the rest.
"""
