"""What the modules of Stable Diffusion are called in a LoRA's file: kohya's sd-scripts' names, which UIs read.

The path of a module with `_` for each dot, behind what its network is called. SD 1.x's UNet goes by diffusers' paths,
`lora_unet_down_blocks_0_…to_out_0`, SDXL's by the original ones, `lora_unet_input_blocks_4_1_…`.
"""

UNET = "lora_unet"
TEXTS = {"sd15": ("lora_te",), "sdxl": ("lora_te1", "lora_te2")}  # the text encoders, in their order


def unet_name(path: str) -> str:
    """Return what a module of a UNet is called."""
    return _joined(UNET, path)


def text_name(path: str, encoder: str = TEXTS["sd15"][0]) -> str:
    """Return what a module of a text encoder is called. encoder: one of TEXTS.

    `text_model` stands in every name, although transformers 5.6 and later have no such module: other programs look
    for the names that the published encoder has.
    """
    return _joined(f"{encoder}_text_model", path.removeprefix("text_model."))


def _joined(network: str, path: str) -> str:
    return f"{network}_{path.replace('.', '_')}"
