"""genga.video.file: a read that fails in the middle of a video is an error, and not its end."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from films import texture, write_film

from genga.errors import GengaError
from genga.video.decode import check_same, decode
from genga.video.file import Reading


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_film(tmp_path / "film.mkv", [np.dstack([texture(k)] * 3) for k in range(24)])


def test_a_file_is_read_as_it_is(film: Path) -> None:
    file = Reading(film)
    assert file.read(4) == b"\x1a\x45\xdf\xa3" and file.tell() == 4
    assert file.seek(-4, os.SEEK_END) == film.stat().st_size - 4
    assert file.failed is None and file.name == str(film)
    file.close()


@pytest.mark.parametrize("good", [0, 1, 3])
def test_a_share_that_goes_away_is_not_the_end_of_the_video(
    film: Path, monkeypatch: pytest.MonkeyPatch, good: int
) -> None:
    reads, read = [0], Reading.read
    monkeypatch.setattr("genga.video.hwaccel._BUFFER", 4096)

    class Gone:
        def read(self, size: int) -> bytes:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

        def seek(self, offset: int, whence: int = 0) -> int:
            return offset

        def tell(self) -> int:
            return 0

        def close(self) -> None: ...

    def failing(self: Reading, size: int = -1) -> bytes:
        reads[0] += 1
        if reads[0] > good:
            self._file = Gone()  # type: ignore[assignment]
        return read(self, size)

    monkeypatch.setattr(Reading, "read", failing)
    with pytest.raises(
        GengaError, match=r"film\.mkv: cannot be read \(Stale file handle\); bring back the disk or share"
    ):
        list(decode(film))


def test_a_file_that_may_not_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(GengaError, match=r"none: cannot be read \(No such file or directory\)"):
        Reading(tmp_path / "none")


def test_a_video_is_held_to_what_was_probed(film: Path) -> None:
    with pytest.raises(GengaError, match=r"film\.mkv: sha256 is .*, recorded 00.*; not the video that was probed"):
        check_same(film, "0" * 64)
