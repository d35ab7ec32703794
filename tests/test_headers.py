"""What a header says of a base's prediction: every key that the field's tools write, read in one place."""

import pytest

from genga.training._layouts.sd import described, has_zero_terminal_snr, predicted


@pytest.mark.parametrize(
    ("about", "value", "key"),
    [
        ({}, "", ""),
        ({"modelspec.prediction_type": "v"}, "v", "modelspec.prediction_type"),  # kohya's sd-scripts, OneTrainer
        ({"modelspec.prediction_type": "epsilon"}, "epsilon", "modelspec.prediction_type"),
        ({"modelspec.prediction_type": "v_prediction"}, "v", "modelspec.prediction_type"),
        ({"modelspec.predict_key": "v"}, "v", "modelspec.predict_key"),  # ComfyUI
        ({"modelspec.predict_key": "epsilon"}, "epsilon", "modelspec.predict_key"),
        ({"ss_v_parameterization": "True"}, "v", "ss_v_parameterization"),
        ({"ss_v_parameterization": "true"}, "v", "ss_v_parameterization"),  # kohya's GUI
        ({"ss_v_parameterization": "False"}, "epsilon", "ss_v_parameterization"),
        ({"ss_base_model_version": "sd_v1_v"}, "v", "ss_base_model_version"),
        ({"ss_base_model_version": "sd_v1"}, "", ""),  # a version says it of v alone: SDXL has one for both
        ({"ss_base_model_version": "sdxl_base_v1-0"}, "", ""),
        ({"modelspec.prediction_type": "sample", "modelspec.predict_key": "v"}, "v", "modelspec.predict_key"),
    ],
)
def test_every_key_that_says_what_is_predicted(about, value, key):
    assert predicted(about) == (value, key)


@pytest.mark.parametrize(("said", "is_so"), [("True", True), ("true", True), ("False", False), (None, False)])
def test_zero_terminal_snr(said, is_so):
    assert has_zero_terminal_snr({"ss_zero_terminal_snr": said} if said else {}) is is_so


@pytest.mark.parametrize("kind", ["sd15", "sdxl"])
@pytest.mark.parametrize(("velocity", "zero"), [(False, False), (True, False), (True, True)])
def test_what_is_written_is_read(kind, velocity, zero):
    about = {key: str(value) for key, value in described(kind, velocity, zero).items()}
    assert predicted(about) == ("v" if velocity else "epsilon", "modelspec.prediction_type")
    assert has_zero_terminal_snr(about) is zero
    del about["modelspec.prediction_type"]
    assert (predicted(about).value == "v") is velocity  # by another key
