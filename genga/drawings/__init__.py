"""From frames to drawings: which frames show the same one, which stand for it, how good the stills are.

aesthetic          Judge how good a still looks to people: by a classifier in ONNX, by its contract in models.yaml.
alignment          How one grid lies on another: the motion of the whole picture between two frames.
bimodal_threshold  Find where a set of distances falls into two: those of one kind below, those of another above.
dedup              Find the frames that show the same drawing, and keep one of each.
exposure_sheet     The exposure sheet of an episode: which drawing is on screen from when to when, as animators write
                   it for the camera.
frames             Measure every frame of a video in one decode pass.
inscriptions       What lines that were read in stills are: a subtitle, a mark, or a sign in the scene.
margins            What was asked about a frame before it was kept or not: compared with which frame, and how close
                   the answer was.
ocr                Read the text in a picture: lines found by one graph, read by another, by their contract in
                   models.yaml.
outlines           A signature of a picture's outlines, by which a drawing is found again that was coloured anew.
overlays           What stands still over everything else of a video: logos, clocks, frames of windows, lines on its
                   bars.
quality            Measure how good a still is as a picture: sharpness, exposure, compression blocks, burned-in text;
                   and grade it.
reasons            What became of a frame, in words: the reasons of stage dedup as traces and pages say them, and its
                   decisions.
shots              Divide a video into shots: cuts, dissolves, fades, camera moves, and how long drawings are held.
signatures         Find signatures that differ in few bits, among few or among millions.
smear              How far a still is smeared by motion: less sharp along one direction than across it, beside its
                   clip's other stills.
static_tiles       Which parts of a picture stay where they are from one frame to another.
stills             Decode the kept drawings again and write them losslessly.
"""
