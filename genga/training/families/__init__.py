"""Families of bases, one file each: what training and sampling have to know of one, in its `FAMILY`.

anima        Anima: rectified flow, a transformer, Qwen3 as text encoder.
animatediff  AnimateDiff: a motion module in a base of Stable Diffusion 1.x.
family       What a family of bases is, and how the one of a base is found: by its name in models.yaml.
modelscope   ModelScope's text-to-video: a UNet with layers over time.
sd15         Stable Diffusion 1.x.
sdxl         Stable Diffusion XL: Illustrious, Animagine, Pony, NoobAI.
wan          Wan 2.x: rectified flow, a transformer over space and time, UMT5 as text encoder.

A new one is a file here with a `FAMILY`, and a base in models.yaml with `family: <name of the file>`; no code that is
there is changed for it. docs/training.md, "How to add a family", says what each function has to keep to.
"""
