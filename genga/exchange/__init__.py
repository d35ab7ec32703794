"""Files for other tools, and from them.

captions       What an export says of its captions, beside them, so that what people change can be told from what was
               written.
captions_read  Read the captions of an export as they are now, in the form of each tool.
clips          Clips as folders of mp4 for the tools that train on moving pictures, and their captions.
clips_writing  An export of clips as it is written: an mp4 of each, texts, and what the captions were
               (genga.exchange.captions).
edits          What people changed in the captions of an export, as lines about tags.
folders        A dataset as folders of files, for the tools that read such.
names          Names of files and folders that every file system takes, made of names that people gave.
sources        What `genga fetch` brings into data/raw, and the record of where it came from.
tools          A dataset as folders of files for Hydrus Network, diffusion-pipe, musubi-tuner, and readers of
               WebDataset.
writing        An export as it is written: images, captions, settings, and what the captions were
               (genga.exchange.captions).
"""
