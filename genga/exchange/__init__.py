"""Files for other tools, and from them.

booru            A series' images on a server of Danbooru's kind: tags of posts, posts of files that have none, and
                 changes back.
booru_client     Talk to a server of Danbooru's kind by its JSON: posts by md5, their tags, and files that become posts.
captions         What an export says of its captions, beside them, so that what people change can be told from what
                 was written.
captions_read    Read the captions of an export as they are now, in the form of each tool.
clips            Clips as folders of mp4 for the tools that train on moving pictures, and their captions.
clips_writing    An export of clips as it is written: an mp4 of each, texts, and what the captions were
                 (genga.exchange.captions).
corrections      What people decided elsewhere, as lines of the tables under corrections/: nothing of what these say
                 already.
edits            What people changed in the captions of an export, as lines about tags.
folders          A dataset as folders of files, for the tools that read such.
hub              Upload a folder to a hub that speaks Hugging Face's protocol, by its own library and with the token
                 that is set.
hydrus_base      What was sent to Hydrus: a line of JSON for each file, so that what people change there can be told
                 from it.
hydrus_client    Talk to a Hydrus client by its Client API: a thin client of HTTP and JSON, one connection, each
                 request once more.
hydrus_pull      What people changed in Hydrus since it was sent there, as decisions: tags, who is on a crop, tiers,
                 drops.
hydrus_push      Send a series' images and tags to Hydrus: in batches, each noted when it is done, so that the next
                 push goes on.
hydrus_sidecars  To Hydrus and back by folders, where no Client API is on: images with sidecars, as it imports and
                 exports them.
hydrus_tags      Tags as Hydrus keeps them, and what people changed in them since they were sent.
markdown         Names and values as Markdown says them: whatever is in them, it stays text.
names            Names of files and folders that every file system takes, made of names that people gave.
package          A data set that is given away, with pictures or without: what is in it, and the notes that it is made
                 again from.
package_card     What a package says of itself: README.md, as hubs read it, and Croissant's JSON-LD.
package_files    A package as it is written: tables, pictures as Parquet or WebDataset, card, Croissant, and what it
                 says of itself.
package_origins  Where what a package is made of came from: a row for each video, and each picture of an album, that is
                 on record.
package_writing  A data set from the project's tables to the folder of a package, whole or not at all.
png_text         Text in a PNG, as UIs write how a picture was drawn: chunks of PNG, the pixels untouched.
rebuild          The pictures of a package from the videos: found by their sha256, decoded and cut as the line does
                 it, each checked.
sources          What `genga fetch` brings into data/raw, and the record of where it came from.
tools            A dataset as folders of files for Hydrus Network, diffusion-pipe, musubi-tuner, and readers of
                 WebDataset.
wire             HTTP to one server by one connection that is kept: a request that finds it closed is sent once more,
                 no other is.
writing          An export as it is written: images, captions, settings, and what the captions were
                 (genga.exchange.captions).
"""
