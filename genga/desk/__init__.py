"""The desk: a web app on this machine, to look through what was made and to correct it. No stage knows of it.

access    Who may speak to the desk, and what a browser may do with what it says.
app       The desk as a web app: which address shows or does what.
desk      The desk itself: what there is to look at, and the one way by which what a person says gets under
          corrections/.
drawings  An episode's drawings as the desk shows them: by shot, with holds, and the closest decisions first.
edits     What a person wants to say, and what becomes of the tables under corrections/ by it.
index     What there is of a project, in memory, and what a person looks for in it.
intents   What a person does at the desk, as edits of lines: tags in bulk, names of clusters and crops, frames,
          issues.
journal   What the desk has done, so that it can be undone and done again, without end.
learnt    What a data set has of a picture, and what runs made of it: captions, buckets, samples with what they are
          near to.
overlay   What people have decided since the tables were made, put over what the tables say.
pages     The desk's pages as a browser gets them: one frame around all, filled by the page's own script.
people    Who is who as the desk shows it: clusters in rows, and the crops that are nearest to one.
piece     An episode as the desk holds it in memory: its stills and kept crops, and what was said of them.
played    Single frames of an episode, out of its video, so that a shot can be played; where it is not here, as its
          stills are.
query     The search language of the desk: what a person types, taken apart.
ruling    Rules about tags, sentences, and names that a character has in all series: as edits, and as the desk lists
          them.
saying    What a person can do at the desk: an address for each, what a browser sent in, what came of it out.
search    Which pictures a query finds (genga.desk.query): an episode in, numbers out.
server    The desk on a port of this machine, for as long as its person sits there.
showing   What the desk shows, as data: an address for each, what a browser asked in, values for JSON out.
small     Small pictures of stills, crops and samples, cut out of shards when they are first looked at, and kept.
where     Where what an edit is about is now: the column `at` of lines that the desk begins (genga.decisions.placing).
work      Runs of the workflow from the desk: what is stale, a run that is started, how far it is, and its end.
"""
