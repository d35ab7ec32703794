"""Section `train` as the tests change it: nothing varies and nothing is weighted."""

from genga.params.train import Params


def params(**changes) -> Params:
    return Params(
        **{
            "seed": 0,
            "threads": 1,
            "launch": None,
            "precision": "float32",
            "gradient_checkpointing": False,
            "select": {},
            "buckets": None,
            "epochs": 1,
            "min_steps": 0,
            "max_steps": 1000,
            "batch": 2,
            "accumulation": 1,
            "save_every": 1000,
            "save_precision": "float32",
            "method": "lora",
            "rank": 2,
            "alpha": 2.0,
            "modules": "attention",
            "convolutions": False,
            "text_encoder": False,
            "learning_rate": 0.01,
            "text_learning_rate": 0.01,
            "schedule": "constant",
            "warmup": 0,
            "optimizer": "adamw",
            "betas": [0.9, 0.999],
            "weight_decay": 0.01,
            "ema": 0.0,
            "max_grad_norm": 1.0,
            "clip_skip": 1,
            "max_tokens": 75,
            "caption_dropout": 0.0,
            "tag_dropout": 0.0,
            "shuffle": False,
            "flip": False,
            "noise_offset": 0.0,
            "multires_iterations": 0,
            "multires_discount": 0.3,
            "min_snr_gamma": 0.0,
            "phases": [],
            **changes,
        }
    )
