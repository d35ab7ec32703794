"""genga.training.resume: an interrupted run goes on only from what is its own and whole."""

import torch

from genga.store.files import sha256_of
from genga.training.resume import RunFolder, RunState


def saved(tmp_path):
    folder = RunFolder(tmp_path / "hana", "hana")
    folder.unfinished(2).parent.mkdir(parents=True)
    folder.unfinished(2).write_bytes(b"weights")
    checkpoint = {"step": 2, "epoch": 1, "file": "anywhere", "sha256": sha256_of(folder.unfinished(2))}
    folder.save("key", RunState(2, {"a": torch.tensor([1.0, 2.0])}, {"scale": 2.0}, [0.5, 0.25], [checkpoint]))
    return folder


def test_a_state_comes_back_as_it_was(tmp_path, capsys):
    state = saved(tmp_path).load("key")
    assert (state.step, state.losses, state.words) == (2, [0.5, 0.25], {"scale": 2.0})
    assert state.tensors["a"].tolist() == [1.0, 2.0]
    assert list(state.tensors) == ["a"]
    assert [checkpoint["step"] for checkpoint in state.checkpoints] == [2]
    assert capsys.readouterr().err == ""


def test_no_state_is_no_news(tmp_path, capsys):
    assert RunFolder(tmp_path / "hana", "hana").load("key") is None
    assert capsys.readouterr().err == ""


def test_a_state_of_something_else_is_ignored_and_said_so(tmp_path, capsys):
    assert saved(tmp_path).load("other") is None
    assert "is of other parameters, another dataset or another base: it is ignored" in capsys.readouterr().err


def test_a_state_whose_checkpoint_changed_is_ignored(tmp_path, capsys):
    folder = saved(tmp_path)
    folder.unfinished(2).write_bytes(b"others")
    assert folder.load("key") is None
    assert "hana-000002.safetensors is missing or changed: it is ignored" in capsys.readouterr().err


def test_a_damaged_state_is_ignored(tmp_path, capsys):
    folder = saved(tmp_path)
    (tmp_path / "hana" / ".state" / "state.safetensors").write_bytes(b"half")
    assert folder.load("key") is None
    assert "is damaged: it is ignored" in capsys.readouterr().err


def test_a_flipped_bit_of_a_state_is_noticed(tmp_path, capsys):
    folder, file = saved(tmp_path), tmp_path / "hana" / ".state" / "state.safetensors"
    data = file.read_bytes()
    for place in range(8, len(data)):
        file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert folder.load("key") is None
    assert capsys.readouterr().err.count("it is ignored") == len(data) - 8


def files(tmp_path, folder):
    return {path.name: path.read_bytes() for path in (tmp_path / "hana" / folder).iterdir()}


def test_until_training_is_done_a_finished_run_keeps_its_checkpoints(tmp_path):
    folder = saved(tmp_path)
    before = {"hana-000002.safetensors": b"2", "hana-000004.safetensors": b"4", "hana-best.safetensors": b"mine"}
    folder.checkpoint(2).parent.mkdir()
    for name, data in before.items():
        folder.checkpoint(2).with_name(name).write_bytes(data)
    folder.unfinished(6).touch()  # of other training that was interrupted
    folder.clear(keep=[2])
    assert files(tmp_path, "unfinished") == {"hana-000002.safetensors": b"weights"}
    assert files(tmp_path, "checkpoints") == before
    folder.finish([2])
    assert files(tmp_path, "unfinished") == {}
    assert files(tmp_path, "checkpoints") == {"hana-000002.safetensors": b"weights", "hana-best.safetensors": b"mine"}


def test_training_that_ended_while_it_put_checkpoints_in_place_goes_on(tmp_path):
    folder = saved(tmp_path)
    folder.finish([2])
    assert folder.load("key").step == 2
    folder.finish([2])  # again, what is in its place stays there
    assert files(tmp_path, "checkpoints") == {"hana-000002.safetensors": b"weights"}


def test_forgetting_leaves_nothing_hidden(tmp_path):
    folder = saved(tmp_path)
    (tmp_path / "hana" / ".state" / ".state.safetensors.1.tmp").touch()  # of a run that was killed while it wrote
    folder.finish([2])
    folder.forget()
    folder.forget()
    assert [path.name for path in (tmp_path / "hana").iterdir()] == ["checkpoints"]
