"""Files at addresses: put there whole and never over another, read back as they were noted, with copies in a cache."""

import os
import pickle
from pathlib import Path

import pytest

from tests.cloud.conftest import Place
from wiro_widgets import OutputError
from wiro_widgets.media import cloud_files
from wiro_widgets.media.cloud_files import ChangedFileError, CloudError, CloudFile, CloudFolder
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.replies import OutputInfo


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a file to put somewhere."""
    path = tmp_path / "a.png"
    path.write_bytes(os.urandom(2000))
    return path


def test_putting_a_file_twice(place: Place, source: Path) -> None:
    """The same file is put once; another of the same name goes beside it, and overwrites nothing."""
    address = f"{place.url}/2026-11-27/a.png"
    first = cloud_files.put(source, address)
    data = source.read_bytes()
    assert (first.address, first.size) == (address, len(data))
    cloud_files._files.clear()
    assert cloud_files.put(source, address).address == address
    source.write_bytes(b"x" * len(data))
    second = cloud_files.put(source, address)
    assert second.name == "a (2).png"
    assert place.files == {"a.png": data, "a (2).png": b"x" * len(data)}


def test_a_file_that_does_not_arrive_whole(
    place: Place, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is shorter at its address than here was not moved."""
    system, _ = cloud_files._system(place.url)
    cut = source.with_name("cut.png")
    cut.write_bytes(source.read_bytes()[:100])
    put_file = system.put_file
    monkeypatch.setattr(cloud_files, "_system", lambda address: (system, system._strip_protocol(address)))
    monkeypatch.setattr(system, "put_file", lambda _source, target: put_file(str(cut), target))
    with pytest.raises(CloudError, match="only 100 of 2,000 bytes"):
        cloud_files.put(source, f"{place.url}/a.png")


def test_absence_is_no_proof(place: Place, source: Path) -> None:
    """A file that is gone is told from a place that cannot be asked, and from a bucket that is not there."""
    address = cloud_files.put(source, f"{place.url}/a.png").address
    place.delete(address)
    with pytest.raises(FileNotFoundError):
        cloud_files.look(address)
    place.go_away()
    with pytest.raises(CloudError, match="cannot be asked"):
        cloud_files.look(address)
    place.come_back()
    if place.url.startswith("s3:"):
        with pytest.raises(CloudError, match="no bucket no-such-bucket"):
            cloud_files.look("s3://no-such-bucket/a.png")


def test_a_crowd_does_not_wait_one_by_one(
    place: Place, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A place that could not be asked just now is not asked again for a moment."""
    address = cloud_files.put(source, f"{place.url}/a.png").address
    place.go_away()
    with pytest.raises(CloudError):
        cloud_files.look(address)
    monkeypatch.setattr(cloud_files, "_system", lambda _address: pytest.fail("it was asked again"))
    with pytest.raises(CloudError, match="cannot be asked"):
        cloud_files.look(address)


def test_a_copy_in_the_cache_is_checked(place: Place, source: Path) -> None:
    """A copy that somebody has changed is fetched anew; a file that was changed at its address is refused."""
    file = cloud_files.put(source, f"{place.url}/a.png")
    copy = cloud_files.fetch(file)
    assert cloud_files.fetch(file) == copy
    copy.write_bytes(b"y" * 2000)
    assert cloud_files.fetch(file).read_bytes() == source.read_bytes()
    place.write(file.address, b"z" * 2000)
    assert cloud_files.fetch(file).read_bytes() == source.read_bytes()
    with pytest.raises(ChangedFileError):
        cloud_files.fetch(file, from_cache=False)


def test_the_cache_has_a_bound(place: Place, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copies that were used last stay; what was removed is fetched when it is needed."""
    monkeypatch.setattr(cloud_files, "MAX_CACHE_BYTES", 3_000)
    first = cloud_files.put(source, f"{place.url}/a.png")
    output = Output(OutputInfo("a.png"), path=cloud_files.fetch(first), cloud=first)
    os.utime(output.path or "", (1, 1))
    source.write_bytes(os.urandom(2000))
    cloud_files.fetch(cloud_files.put(source, f"{place.url}/b.png"))
    assert cloud_files.cached_copy(first) is None
    assert output.path is None
    assert len(output.bytes()) == output.size == 2000


def test_an_output_of_another_machine(place: Place, source: Path) -> None:
    """An output that comes back from a worker elsewhere is read from its address."""
    file = cloud_files.put(source, f"{place.url}/a.png")
    output = Output(OutputInfo("a.png"), path=Path("/nowhere/a.png"), cloud=file)
    cloud_files._files.clear()
    copy: Output = pickle.loads(pickle.dumps(output))  # noqa: S301 - our own
    assert cloud_files.note(file.address) == file
    assert copy.bytes() == source.read_bytes()
    place.delete(file.address)
    cloud_files.cached_copy(file).unlink()  # type: ignore[union-attr]  # it is there
    with pytest.raises(OutputError, match="no longer there"):
        copy.bytes()


def test_a_plain_folder(tmp_path: Path, source: Path) -> None:
    """A place without buckets gets its folders when they are needed."""
    address = f"file://{tmp_path}/far/away/a.png"
    assert cloud_files.put(source, address).size == 2000
    assert (tmp_path / "far/away/a.png").read_bytes() == source.read_bytes()
    cloud_files.remove(address)
    cloud_files.remove(address)
    with pytest.raises(FileNotFoundError):
        cloud_files.look(address)


@pytest.mark.parametrize(
    ("address", "is_inside"),
    [
        ("memory://b/pictures/2026/a.png", True),
        ("memory://b/pictures2/a.png", False),
        ("memory://b/pictures/../a.png", False),
        ("memory://b/pictures//a.png", False),
        ("memory://b/pictures/a.png?x=1", False),
        ("s3://b/pictures/a.png", False),
        ("memory://b/pictures", False),
    ],
)
def test_what_lies_in_a_folder(tmp_path: Path, address: str, is_inside: bool) -> None:
    """Only what lies below the folder's own address is in it."""
    assert CloudFolder.open("memory://b/pictures/", tmp_path).contains(address) is is_inside


def test_what_is_an_address() -> None:
    """A drive of Windows and a path are none."""
    assert [
        cloud_files.is_address(path)
        for path in ("s3://a", "memory://a/b", "C:/a", "C://a", "/a", Path("s3"), "")
    ] == [
        True,
        True,
        False,
        False,
        False,
        False,
        False,
    ]
    assert CloudFile("s3://b/a/0.png").name == "0.png"
