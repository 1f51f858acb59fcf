import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import mic21
from mic21.cli import run
from mic21.release.verify import verify_release

from ..conftest import MINI


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A corpus made and filled by commands."""
    path = tmp_path / "corpus"
    assert run(["init", str(path)]) == 0
    arguments = ["import", "coco", str(MINI / "instances.json"), "--images", str(MINI / "images")]
    assert run(["-C", str(path), *arguments, "--captions", str(MINI / "captions.json")]) == 0
    assert "5 images, 6 annotations, 4 captions" in capsys.readouterr().out
    return path


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> object:
    capsys.readouterr()
    status = run([*arguments, "--json"])
    assert status in (0, 1)
    return json.loads(capsys.readouterr().out)


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"mic21 {mic21.__version__}\n"
    for command in ("", "ingest", "import coco", "segment", "caption", "edit move", "check", "query", "release build"):
        assert run([*command.split(), "--help"]) == 0


def test_exit_statuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-C", str(tmp_path), "check"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("mic21: ") and error.count("\n") == 1 and "mic21 init" in error
    assert run(["no-such-command"]) == 2
    assert run(["query", "--no-such-option"]) == 2
    assert run(["init", str(tmp_path / "c")]) == 0
    assert run(["-C", str(tmp_path / "c"), "ingest", str(MINI), "--license", "mine"]) == 2


def test_errors_of_files_name_the_file_and_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    nothing = tmp_path / "nothing"
    for arguments, place, reason in (
        (["init", str(tmp_path / "file")], tmp_path / "file", "File exists"),
        (["ontology", "export", "--out", str(nothing / "x.json")], nothing / "x.json", "No such file or directory"),
        (["ontology", "link", "--words", str(nothing)], nothing, "No such file or directory"),
    ):
        assert run(arguments) == 1
        assert capsys.readouterr().err == f"mic21: {place}: {reason}\n"
    run(["--traceback", "init", str(tmp_path / "file")])
    assert "FileExistsError" in capsys.readouterr().err


def test_a_closed_pipe_is_no_error_to_tell(tmp_path: Path) -> None:
    program = "import sys; from mic21.cli import run; sys.exit(run(['ontology', 'list']))"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_options_that_would_be_ignored_are_bad_usage(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for option, value, needed in (("--clip", "ViT-B-32:x", "--open-vocabulary"), ("--address", "auto", "--engine ray")):
        assert run(["segment", "-C", str(folder), option, value]) == 2
        assert capsys.readouterr().err == f"mic21: segment: {option}: expected {needed} beside it, found none\n"


def test_missing_packages_are_named_with_their_extra(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for package in ("hotcoco", "open_clip"):
        monkeypatch.setitem(sys.modules, package, None)
    for module in ("evaluation.masks", "explorer.worst", "drafts.alignment", "drafts.open_vocabulary"):
        monkeypatch.delitem(sys.modules, f"mic21.{module}", raising=False)
    assert run(["evaluate", "masks", "found.json", "truth.json"]) == 1
    assert capsys.readouterr().err.endswith("pip install 'mic21[evaluate]'\n")
    assert run(["caption", "-C", str(folder), "--clip", "ViT-B-32:x"]) == 1
    assert capsys.readouterr().err.endswith("pip install 'mic21[clip]'\n")


def test_traceback_shows_where_an_error_came_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["--traceback", "-C", str(tmp_path), "check"])
    assert "Traceback" in capsys.readouterr().err


def test_the_corpus_is_found_by_option_and_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(_json(capsys, "query", "-C", str(folder))) == 6
    assert len(_json(capsys, "-C", str(folder), "query")) == 6
    assert "MIC21_CORPUS" not in os.environ
    monkeypatch.setenv("MIC21_CORPUS", str(folder))
    assert len(_json(capsys, "query")) == 6
    monkeypatch.setenv("MIC21_CORPUS", "/nowhere")
    assert len(_json(capsys, "-C", str(folder), "query")) == 6
    assert os.environ["MIC21_CORPUS"] == "/nowhere"


def test_the_loop_step_by_step(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = ["-C", str(folder)]
    moved = _json(capsys, *corpus, "edit", "move", "chess", "--image", "3")
    assert moved == {"run": 2, "changed": {"images": 1}}
    assert _json(capsys, *corpus, "check")[0]["code"] == "W103"
    release = tmp_path / "release"
    built = _json(capsys, *corpus, "release", "build", str(release), "--version", "1.0.0")
    assert sum(split["annotations"] for split in built["counts"].values()) == 6
    assert _json(capsys, "release", "verify", str(release)) == {"good": True, "problems": []}
    (release / "README.md").write_text("")
    assert run(["release", "verify", str(release)]) == 1
    assert "README.md: changed" in capsys.readouterr().out
    assert len(verify_release(release)) == 1


def test_queries_in_every_form(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    query = ["-C", str(folder), "query"]
    rows = _json(capsys, *query, "--under", "person", "--language", "bg")
    assert [(row["id"], row["name"]) for row in rows] == [(45, "шахматист"), (100000000001, "цигулар")]
    assert run([*query, "--category", "dog", "--format", "csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("id,image_id") and lines[1].startswith("9,7001")
    assert run([*query, "--format", "parquet", "--out", str(tmp_path / "all.parquet")]) == 0
    assert len(pd.read_parquet(tmp_path / "all.parquet")) == 6
    assert run([*query, "--format", "parquet"]) == 2
    rows = _json(capsys, *query, "--where", "area > 400 and iscrowd == False")
    assert [row["id"] for row in rows] == [45, 46, 100000000001]
    assert run([*query, "--where", "no_such > 1"]) == 2
    assert "no_such" in capsys.readouterr().err
    assert [row["id"] for row in _json(capsys, *query, "--of", "captions", "--language", "bg")] == [2]
    assert [row["id"] for row in _json(capsys, *query, "--of", "images", "--license", "CC0-1.0")] == [11]
    assert run([*query, "--split", "train"]) == 2


def test_bad_imports_name_every_problem_and_change_nothing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.json").write_text('{"images": [{"id": 1}, 7]}')
    assert run(["-C", str(folder), "import", "coco", str(tmp_path / "bad.json")]) == 1
    error = capsys.readouterr().err
    assert "bad.json: images[0].height: expected a whole number, found nothing" in error
    assert "bad.json: images[1]: expected an object, found 7" in error


def test_edits_can_be_undone_from_the_log(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = ["-C", str(folder)]
    assert run([*corpus, "edit", "withdraw", "3", "--reason", "asked to"]) == 0
    (last, _) = _json(capsys, *corpus, "edit", "log")
    assert last["step"] == "edit withdraw"
    assert run([*corpus, "edit", "undo", str(last["id"])]) == 0
    assert len(_json(capsys, *corpus, "query")) == 6


def test_an_unknown_licence_is_mended_by_a_table(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = ["-C", str(folder)]
    (tmp_path / "facts.csv").write_text("id,license\n3,unknown\n")
    assert run([*corpus, "edit", "facts", str(tmp_path / "facts.csv")]) == 0
    assert "W102" in [row["code"] for row in _json(capsys, *corpus, "check")]
    (tmp_path / "facts.csv").write_text("id,license\n3,CC0-1.0\n")
    assert _json(capsys, *corpus, "edit", "facts", str(tmp_path / "facts.csv"))["changed"] == {"images": 1}
    assert "W102" not in [row["code"] for row in _json(capsys, *corpus, "check")]


def test_exports_what_was_imported(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert run(["-C", str(folder), "export", "coco", str(out), "--captions", str(tmp_path / "captions.json")]) == 0
    assert len(json.loads(out.read_text(encoding="utf-8"))["annotations"]) == 6


def test_refused_files_are_named_and_give_a_status(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad.jpg").write_bytes(b"")
    assert run(["-C", str(folder), "ingest", str(tmp_path / "in")]) == 1
    captured = capsys.readouterr()
    assert "bad.jpg: refused: the file is empty" in captured.err
    assert captured.out == "0 added, 0 in the corpus already, 1 refused\n"


def test_the_installed_command_runs() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("mic21"), "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"mic21 {mic21.__version__}\n"


def test_a_misspelt_filter_is_bad_usage(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = ["-C", str(folder)]
    assert run([*corpus, "query", "--status", "acepted"]) == 2
    assert run([*corpus, "query", "--of", "captions", "--language", "xx"]) == 2
    assert run([*corpus, "export", "coco", str(tmp_path / "out.json"), "--status", "acepted"]) == 2
    assert "status: expected one of draft, accepted, rejected, found 'acepted'" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()
    assert run([*corpus, "export", "coco", str(tmp_path / "out.json"), "--status", "rejected"]) == 0
    document = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert (len(document["images"]), document["annotations"]) == (5, [])
