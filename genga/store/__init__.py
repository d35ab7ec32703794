"""Files, folders, tables and shards: whole or not at all, and known by their content.

components  Joining things in pairs, and what hangs together afterwards (connected components, by union-find).
files       Files that appear whole or not at all, and their content hashes.
folders     Folders that appear whole or not at all, and are never written over anything that somebody else put there.
hash_cache  The sha256 of files, read again only when a file may have changed.
lines       Files that grow by lines: what was added is on the disk before the next thing is done, and no line is half
            one.
parquet     Tables on disk: Parquet with a fixed layout, so that equal rows give equal bytes, and with a seal.
shards      Images in shards: one tar file for many images, read at random through an index table.
sweeping    Folders before and after jobs: whether they can be written to, and what is in them that is not to be read.
"""
