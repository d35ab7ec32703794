"""What people's copies of a video went through: other sizes and encoders, bars, logos, darkness, strong grain, weave.

None of it changes what is drawn, so the labels of a video hold for all of them. The method was made with the drawn
series and the clips; what is done to them here came later, and shows how far it carries.
"""

Filter = tuple[str, dict[str, object]]

_GOOD: dict[str, object] = {"vcodec": "libx264", "crf": 18, "preset": "veryfast"}
_LINE: dict[str, object] = {
    "fontsize": "h/18", "x": "(w-tw)/2", "y": "h*0.88", "fontcolor": "white", "borderw": 2,
}  # fmt: skip

# How each is made: a video filter (name, options), several as ffmpeg's -vf has them, or none; and encoder options.
TREATED: dict[str, tuple[Filter | str | None, dict[str, object]]] = {
    "1080 lines": (("scale", {"w": -2, "h": 1080, "flags": "lanczos"}), _GOOD),
    "240 lines": (("scale", {"w": -2, "h": 240, "flags": "area"}), _GOOD),
    "darker": (("eq", {"brightness": -0.25, "contrast": 0.6}), _GOOD),
    "little contrast": (("eq", {"contrast": 0.4}), _GOOD),
    "hardly any contrast": (("eq", {"contrast": 0.2}), _GOOD),
    "brighter": (("eq", {"gamma": 2.2}), _GOOD),
    "grey": (("hue", {"s": 0}), _GOOD),
    "mirrored": (("hflip", {}), _GOOD),
    "bars": (("pad", {"w": "iw", "h": "ih*1.5", "y": "ih*0.25"}), _GOOD),
    "cropped to a third": (("crop", {"w": "iw*0.6", "h": "ih*0.6"}), _GOOD),
    "sharpened": (("unsharp", {"la": 1.5}), _GOOD),
    "blurred": (("gblur", {"sigma": 2}), _GOOD),
    "grain 20": (("noise", {"alls": 20, "allf": "t"}), _GOOD),
    "grain 20, crf 30": (("noise", {"alls": 20, "allf": "t"}), {"vcodec": "libx264", "crf": 30}),
    "grain 40": (("noise", {"alls": 40, "allf": "t"}), _GOOD),
    "crf 40": (None, {"vcodec": "libx264", "crf": 40}),
    "ultrafast, crf 30": (None, {"vcodec": "libx264", "crf": 30, "preset": "ultrafast"}),
    "HEVC, crf 32": (None, {"vcodec": "libx265", "crf": 32, "x265-params": "log-level=none"}),
    "VP9, crf 40": (None, {"vcodec": "libvpx-vp9", "crf": 40, "b:v": 0, "cpu-used": 6}),
    "AV1, crf 45": (None, {"vcodec": "libsvtav1", "crf": 45, "preset": 10}),
    "MPEG-2, 1000k": (None, {"vcodec": "mpeg2video", "b:v": "1000k"}),
    "logo": (
        ("drawbox", {"x": "iw*0.85", "y": "ih*0.05", "w": "iw*0.1", "h": "ih*0.06", "color": "white@0.8", "t": "fill",
                     "enable": "lt(mod(t,3),1.5)"}),
        _GOOD,
    ),
    "logo that stays": (
        "drawbox=iw-80:16:60:28:white@0.9:fill,drawbox=iw-72:22:10:16:black:fill,drawbox=iw-56:22:10:16:black:fill",
        _GOOD,
    ),
    "red line at the side": ("pad=iw+8:ih:8:0:red", _GOOD),
    "shaken for two s of ten": (  # by an editor: no film
        "crop=iw-16:ih-16:8+6*sin(40*t)*lt(mod(t\\,10)\\,2):8+6*cos(31*t)*lt(mod(t\\,10)\\,2)", _GOOD,
    ),
    "subtitles": (
        ("drawtext", {"text": "What on earth are you saying to me?", "enable": "lt(mod(t,3),1.7)", **_LINE}), _GOOD,
    ),
    "film weave": (  # in steps of a quarter px, each frame elsewhere
        "format=yuv444p,scale=4*iw:4*ih:flags=bicubic,crop=iw-32:ih-32:16+6*sin(97*n):16+6*cos(61*n):exact=1,"
        "scale=iw/4:ih/4:flags=area,format=yuv420p", _GOOD,
    ),
    "swaying": (  # as slowly as a hand does
        "format=yuv444p,scale=4*iw:4*ih:flags=bicubic,crop=iw-32:ih-32:16+6*sin(11*t):16+6*cos(7*t):exact=1,"
        "scale=iw/4:ih/4:flags=area,format=yuv420p", _GOOD,
    ),
    "jumps of two px": (  # crop keeps to whole px of chroma
        ("crop", {"w": "iw-8", "h": "ih-8", "x": "4+1.5*sin(11*t)", "y": "4+1.5*cos(7*t)"}), _GOOD,
    ),
}  # fmt: skip
