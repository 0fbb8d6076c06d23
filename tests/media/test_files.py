import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiro_widgets.media.files import LONGEST_NAME, atomic_write, replace_bytes, safe_name, unique_target


def test_file_name_says_model_task_and_number() -> None:
    """An output is called by its model, its task, its number and its type."""
    name = safe_name("tencent/hunyuan-flux-srpo", "534574", 0, "image/png", "0.png")
    assert name == "tencent-hunyuan-flux-srpo-534574-0.png"


@pytest.mark.parametrize(
    ("model", "task_id", "name"),
    [
        ("../../etc", "..", "../../passwd"),
        ("C:\\Windows", "1\\2", "..\\x.png"),
        ("a/b\0c", "1\n2", "\0"),
        ("~root", "$HOME", "%2e%2e%2f"),
        ("alibaba/wan 2.6", "1:2", "a.png:stream"),
    ],
)
def test_server_names_stay_in_the_folder(tmp_path: Path, model: str, task_id: str, name: str) -> None:
    """Separators, drive letters, dots and controls in what the server says do not lead out of the folder."""
    with unique_target(tmp_path, safe_name(model, task_id, 0, None, name)) as target:
        target.write_bytes(b"1")
    assert target.resolve().parent == tmp_path.resolve()
    assert not set(target.name) & set('/\\:*?"<>|\0\n')


@pytest.mark.parametrize("model", ["con.v2", "NUL.x", "Com1.a", "lpt9.b", "AUX.", "com\u00b9.a"])
def test_windows_device_names_are_avoided(model: str) -> None:
    """A name that Windows takes for a device gets an underscore."""
    first = safe_name(model, "1", 0, "image/png").partition(".")[0].lower()
    assert first not in {"con", "nul", "aux", "com1", "lpt9"}


def test_letters_of_any_language_are_kept() -> None:
    """Names keep letters of any language in one normal form."""
    assert safe_name("büro/e\u0301", "1", 0, "image/png") == "büro-é-1-0.png"


@given(st.text(), st.text(), st.integers(0, 10**6), st.text(), st.text())
def test_any_server_text_gives_a_usable_name(
    model: str, task: str, n: int, content_type: str, name: str
) -> None:
    """Whatever the server says, the name is short, visible and without separators."""
    result = safe_name(model, task, n, content_type, name)
    assert len(result.encode()) <= LONGEST_NAME
    assert result == Path(result).name == result.strip(" .")
    assert result[0] not in ".-"
    assert not set(result) & set('/\\:*?"<>|')


def test_long_names_keep_task_and_number() -> None:
    """A name that is too long loses letters of its model, not its task or number."""
    assert safe_name("x" * 500, "1234", 7, "image/png").endswith("x-1234-7.png")


def test_a_taken_name_gets_a_number(tmp_path: Path) -> None:
    """A second file of the same name gets a number."""
    for _ in range(3):
        with unique_target(tmp_path, "a.png") as target:
            target.write_bytes(b"1")
    assert sorted(os.listdir(tmp_path)) == ["a (2).png", "a (3).png", "a.png"]  # noqa: PTH208 - names


@pytest.mark.parametrize("name", ["..", "../x.png", "a\0b.png", "", "C:\\x:y.png", ".hidden"])
def test_a_target_is_always_in_its_folder(tmp_path: Path, name: str) -> None:
    """A name with a path in it loses the path."""
    with unique_target(tmp_path, name) as target:
        assert target.resolve().parent == tmp_path.resolve()
    assert target.name[0] != "."


def test_nobody_else_gets_a_name_that_is_taken(tmp_path: Path) -> None:
    """Two outputs of one name that end at the same moment get two files; one that fails leaves none."""
    with unique_target(tmp_path, "a.png") as one:
        other = unique_target(tmp_path, "a.png")
        assert other.__enter__() != one
        error = OSError("the disk is full")
        assert not other.__exit__(OSError, error, None)
    assert list(tmp_path.iterdir()) == [one]


def test_a_broken_write_leaves_the_old_file(tmp_path: Path) -> None:
    """A write that fails leaves the old file and no temporary one."""
    target = tmp_path / "a.png"
    replace_bytes(target, b"old")

    def fail() -> None:
        with atomic_write(target) as temporary:
            temporary.write_bytes(b"half")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        fail()
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.png", b"old")]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o440])
def test_a_file_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    """A file that is replaced keeps its permissions, and its temporary file is private."""
    target = tmp_path / "a.png"
    target.write_bytes(b"old")
    target.chmod(mode)
    with atomic_write(target) as temporary:
        assert temporary.stat().st_mode & 0o077 == 0
        temporary.write_bytes(b"new")
    assert (target.stat().st_mode & 0o777, target.read_bytes()) == (mode, b"new")


def test_a_new_file_is_as_the_user_has_them(tmp_path: Path) -> None:
    """A new file has the permissions of any new file of this process."""
    (tmp_path / "like this").touch()
    replace_bytes(tmp_path / "a.png", b"new")
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "like this").stat().st_mode


@pytest.mark.parametrize("exists", [True, False], ids=["to a file", "to nothing yet"])
def test_a_link_stays_a_link(tmp_path: Path, exists: bool) -> None:
    """Writing through a symbolic link writes the file behind it."""
    behind, link = tmp_path / "behind" / "a.png", tmp_path / "a.png"
    behind.parent.mkdir()
    if exists:
        behind.write_bytes(b"old")
    link.symlink_to(behind)
    replace_bytes(link, b"new")
    assert (link.is_symlink(), behind.read_bytes(), os.listdir(behind.parent)) == (True, b"new", ["a.png"])  # noqa: PTH208 - names


def test_a_folder_that_is_not_there_is_named_with_the_file(tmp_path: Path) -> None:
    """The error names the target and not the temporary file."""
    with pytest.raises(FileNotFoundError, match=r"nowhere/a\.png'$"):
        replace_bytes(tmp_path / "nowhere" / "a.png", b"new")
