"""What `genga fetch` brings into data/raw, and the record of where it came from.

record     sources.jsonl: a line for each file and picture.
found      What a source has found, before it is believed: files by their content, and what came with them.
sidecars   What lies beside images and says what they show, in the forms of the tools that write such.
local      What is on disk: folders, data sets, zips; and a folder that is watched.
datasets   Data sets of Hugging Face in Parquet that have their pictures in them: a column of bytes and path, as `Image`
           has it.
archive    Zips, whose names and sizes are not believed.
gallery    Image and gif sites, by the program gallery-dl.
gifs       JSON APIs of gifs and short mp4s.
http       Files and JSON by HTTP, politely.
torrents   Torrents and magnets, by libtorrent.
releases   Which episode a file is, by the name of a release.
placing    Files into data/raw, and pictures into albums.
fetch      One source, from what it has to what is placed.
"""
