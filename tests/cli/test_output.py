import time

import pytest

from mic21.cli.output import progress


def test_progress_shows_images_a_second_and_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, as rich sees it
    monkeypatch.setenv("COLUMNS", "120")
    with progress("segment") as on_progress:
        for done in (10, 20, 30):
            on_progress(done, 90)
            time.sleep(0.2)
    shown = capsys.readouterr().err
    assert "30/90" in shown
    assert "images/s" in shown
    assert "0:00:0" in shown


def test_progress_is_silent_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("segment") as on_progress:
        on_progress(1, 2)
    assert capsys.readouterr().err == ""
