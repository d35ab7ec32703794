"""Files for other tools, and from them.

folders  A dataset as folders of files, for the tools that read such.
"""
