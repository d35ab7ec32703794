"""From drawings and people to a training set: which images, captions, sizes, and what is held out.

buckets     Aspect buckets: the sizes at which images are trained, and how each image is scaled and cut to fit one.
candidates  What could be trained on: the kept crops and the whole stills of a series, in one table.
captions    Captions: the names of who is there, then the tags, without those that the name is to stand for.
dataset     Compose a training set out of a series: which images, how often, with which caption, at which size, on
            which side.
filters     Which images are worth training on. What is left out is said with its reason.
split       Divide a dataset into what is trained on and what is held out, so that held-out images are new to the
            model.
"""
