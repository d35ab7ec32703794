"""From stills to people: where they are, what is seen of them, who they are.

calibrating  Learn from corrections how likely a tagger's tag is right at a score: isotonic, or Platt's logistic
             function.
calibration  Scores of taggers as people found them: how likely a tag is right at a score, by tagger and tag.
characters   Tell who is who in a series: cluster the crops of people, and call the clusters what a person named them.
clustering   Clusters of crops by the matrix of their differences alone, after the published practice for anime
             characters.
crop         Cut people out of the stills in three stages: the whole figure, its half body, its head.
deciding     The tags of an episode as they hold in the end: what drawings say for each other, and what people
             decided.
detect       Find people in the kept drawings: boxes of persons, half bodies, heads and faces, and which part is
             whose.
detector     Boxes of persons, half-bodies, heads and faces: YOLO and RT-DETR detectors in ONNX.
differences  Differences between crops by the embedder, had in blocks: never all of them at once.
doubts       Tags on which the taggers disagree most, for a person to look at first, each with the line that overrules
             it.
embed        Turn every kept crop into the character embedder's vector, from which the stage characters tells who is
             who.
embedder     Who is who: CCIP (contrastive anime character image pre-training) in ONNX, and whatever keeps its
             contract.
ensemble     Several taggers as one: the mean score of every tag over the taggers that know it, how many vote for it,
             and how far apart they are.
figures      Who is in a still, by its boxes alone: how many, and how much of each. And the tags that follow from
             that.
gathering    The embedded crops of a series in clusters and tracks: what embedder, shots and stills say, before people
             do.
labels       What the columns of a tagger's answer stand for: the label files of published taggers, each in its own
             form.
linkage      Average linkage of crops (Sokal and Michener 1958), for any number of them, that honours what is known
             beforehand.
naming       Give the names that people decided to the clusters and crops they meant.
outfits      What somebody wears: the tracks of a cluster, gathered by clothes. Somebody in one shot wears one outfit.
pruning      Which tags are named at all: none of a blocklist, by their usual names, with what they imply or without
             it.
references   Names by pictures: `corrections/<series>/references/<name>/*.png`, what somebody is known to look like.
segmenter    Which px are a person's: by a segmenter in ONNX, by its contract in models.yaml.
sharing      What the drawings of a shot, and the people in them, say for each other about tags.
tag          Tag every still and everybody in it: taggers averaged, held against the boxes.
tag_rules    Which scored tags hold for one picture (a still, or one person in it): the rules and their reasons.
tagger       Booru taggers in ONNX, each by its contract in models.yaml (genga.params.models.Contract).
text_tags    Tags about text in a picture, by what was read in it (genga.drawings.ocr): known, where taggers guess.
ties         Who is one person and who is not, as people said: lines with scope `together` or `apart`.
tracks       The same person from still to still of one shot, by boxes and by looks, across gaps and where people
             cross.
unplaced     The decisions about a series that take no effect now, of every kind, in one table.
"""
