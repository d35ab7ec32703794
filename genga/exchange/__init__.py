"""Files for other tools, and from them.

folders  A dataset as folders of files, for the tools that read such.
names    Names of files and folders that every file system takes, made of names that people gave.
"""
