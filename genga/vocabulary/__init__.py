"""Booru tags as words: what they mean, how they are written, in which order. Knows no picture.

parts  Which part of a picture a booru tag speaks of: the head, the feet, the place … found from the words of its
       name.
text   Tags as people and captions write them: spaces, kaomoji, escaping, order, length.
words  Words of the booru vocabulary and the part of a picture each one speaks of; genga.vocabulary.parts reads them.
"""
