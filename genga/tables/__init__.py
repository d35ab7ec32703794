"""The tables that stages hand on to each other: a module a table, with its columns, its words and its path.

package  `package`: a row per image of a data set that is given away, and the frames that it is made of.
places   Where what stages hand on lies below the project's folder: `data/<stage>/<series>/<episode>.parquet` and the
         like.
schema   Columns and their types: how a table is declared, and a part of one.
"""
