"""From drawings and people to a training set: which images, captions, sizes, and what is held out.

balance     How often each image is seen in an epoch: rare sorts as often as common ones, series and prior images by
            their share.
buckets     Aspect buckets: the sizes at which images are trained, and how each image is scaled and cut to fit one.
candidates  What could be trained on: the kept crops and the whole stills of a series, in one table.
captions    Captions: in a family's order names, tags and the other parts; without the tags that a name is to stand
            for.
clauses     Who wears what: a clause for each person in a picture with several, by where they stand.
clips       Divide an episode into clips: which frames are a moving picture together, how it moves, and what is on it.
clipset     Compose the clips of a series that moving pictures are learnt from: which, how often, with which caption,
            at which size, on which side.
cut_off     What buckets cut off the pictures of a training set.
dataset     Compose a training set out of a series: which images, how often, with which caption, at which size, on
            which side.
describe    Say in sentences what images show: by the model in the role `caption`, or a server on this machine.
filters     Which images are worth training on. What is left out is said with its reason.
placing     Place the images of a training set in their buckets.
reposts     Drawings of short clips that other clips of the series show too: the same clip again, mirrored, cropped,
            sped up.
ruled       Rules about tags that name a character, where it is known at last who is who
            (`genga.decisions.tag_rules`).
split       Divide a dataset into what is trained on and what is held out, so that held-out images are new to the
            model.
styles      How captions are written for a family of bases: the order of their parts and the words of some, as data.
tiers       Which tier people gave images, in place of the judge's: `corrections/<series>/tiers.csv`.
together    The training sets of several series as the one that a run learns from, and images beside it for what must
            stay.
twins       Stills with what tells which of them show nearly the same, wherever in a series they are.
written     What people wrote of images: `corrections/<series>/sentences.csv`, in place of what a model says of them.
"""
