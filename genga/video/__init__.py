"""Video files: what is in one, and its frames in order, with fields undone and as grids of cells.

album          Still images as an episode: an album, a QuickTime file whose frames are the pictures, in the bytes they
               came in.
animated_webp  Animated WebP as a video that FFmpeg reads: its pictures, by Pillow, and their times, losslessly.
bars           Black bars: edges of a video that are black in every frame that is looked at.
clock          When each frame of a video is shown, where timestamps are missing, stray, in another order, or go back.
decode         Decode a video: which of its streams is the picture, its frames in order, their luma, and their pixels
               as RGB.
decode_errors  Which stretches of a video could not be decoded as they were meant.
deinterlace    What FFmpeg's filters do to decoded frames: undo fields, cut off edges, lay what is transparent on a
               ground.
episodes       Which episodes there are: every video below `data/raw/<series>/` is one, and what else lies there is
               named.
facts          What is known of a video's streams, as plain data for JSON, and in words.
file           A video file as FFmpeg reads it, of which it is known whether a read failed.
footage        Take frames out of a video by their times, in any order: as few others are decoded as may be.
gate_weave     Film that weaves in its gate: the whole picture lies a pixel or so elsewhere in each frame, to and fro.
grid_store     The cell grids of a whole video in one shard: a stretch of frames per member, read in order or at
               random.
headers        What a file's headers say that FFmpeg keeps to itself: edges to cut off, Dolby Vision, how long it is
               to last.
hwaccel        Decode by the graphics card where there is one; else by the processor, and say so.
interlace      Decide from the pictures themselves whether the two fields of a video's frames were taken at different
               times.
interpolation  Pictures between drawings, so that a clip plays at a higher rate.
libraries      Which libraries decode and encode here: what a picture is, to the bit, can depend on.
luma_grid      A frame as a grid of cells: the mean luma of small squares, and how two frames differ by it.
packets        What reading a video file to its end shows: when its pictures are shown, what is damaged, where it
               really ends.
probe          Look at a video file: is it sound, and what is in it.
skip_frames    Decode no more than is asked for: frames that others are not predicted from may be left out, one by
               one.
streams        Which of a file's video streams is the picture, and what its container says of colours.
timing         Frames, rate and duration of a video, from the timestamps of its packets: headers are often wrong.
writing        Write pictures as a video: MP4 that players and trainers take, WebM and WebP that browsers play, GIF;
               and read it.
"""
