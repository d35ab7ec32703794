"""Images: in memory, as lossless files, and read by the rows of a table. Knows no video file.

affine      Affine motions of a picture: points carried by one, one after another, and the way back.
boxes       Boxes in an image: (x0, y0, x1, y1) in px, x1 and y1 exclusive; how they overlap and move, and which part
            is whose.
codec       Images as lossless bytes, and back.
h264        A still as the video has it: the frame's own planes of luma and chroma, lossless, as one frame of H.264.
hdr         HDR to SDR: the conversion of ITU-R BT.2446-1, Method A, from 1000 to 100 cd/m2, in tables and two
            matrices.
image       Pictures in memory: an RGB image, a part cut out of it, what models are given of it, and the planes of a
            decoded frame as the video has them.
panorama    Stitch the frames of a camera move into one picture of all that the camera passed over.
reading     Read images by the rows of a table, one after another: what every stage that looks at pictures begins
            with.
rgb         Decoded frames as RGB images: colours by the stream's own matrix and range, square pixels, the right way
            up.
thumbnails  Pictures for a page that is one file: small, and no more of them than a page can bear.
upscaling   Drawings made larger by a network: Real-CUGAN or waifu2x by ncnn, from packages that carry the weights, on
            the CPU.
"""
