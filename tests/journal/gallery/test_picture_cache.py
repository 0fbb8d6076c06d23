"""The cache of small pictures: bounded, shared, forgotten with the run, and no matter if it is lost."""

from pathlib import Path

from wiro_widgets.journal.gallery.picture_cache import PictureCache, SmallPicture


def picture(size: int = 1000) -> SmallPicture:
    """Return a picture of so many bytes."""
    return SmallPicture(b"x" * size, "image/jpeg", 32, 32, 64, 64)


def damage(path: Path) -> None:
    """Overwrite all of a database but its first page, with which it can still be opened."""
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))


def test_what_was_put_is_there_in_another_process_too(tmp_path: Path) -> None:
    """A picture comes back as it was, also after the cache was closed."""
    cache = PictureCache(tmp_path / "cache")
    cache.put("k", "run", picture())
    assert cache.get("k") == picture()
    cache.close()
    cache = PictureCache(tmp_path / "cache")
    assert cache.get("k") == picture()
    assert cache.get("other") is None
    cache.close()


def test_it_is_bounded(tmp_path: Path) -> None:
    """Past its limit the pictures that were used longest ago go, not those that were used since."""
    cache = PictureCache(tmp_path / "cache", max_bytes=10_000)
    for number in range(8):
        cache.put(str(number), "run", picture())
    assert cache.get("0")
    for number in range(8, 12):
        cache.put(str(number), "run", picture())
    assert cache._size <= 10_000
    assert cache.get("0")
    assert cache.get("11")
    assert cache.get("1") is None
    cache.close()


def test_a_forgotten_run_leaves_no_picture(tmp_path: Path) -> None:
    """All pictures of the run go, and no other's; no byte of them stays in the file."""
    cache = PictureCache(tmp_path / "cache")
    cache.put("a", "one", SmallPicture(b"SECRET" * 300, "image/jpeg", 1, 1, 1, 1))
    cache.put("b", "two", picture())
    cache.forget(["one"])
    assert cache.get("a") is None
    assert cache.get("b")
    cache.close()
    assert b"SECRET" not in b"".join(file.read_bytes() for file in (tmp_path / "cache").iterdir())


def test_a_damaged_or_impossible_file_is_no_trouble(tmp_path: Path) -> None:
    """A file that is no database is made anew; where no file can be, the cache is in memory."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "pictures.sqlite3").write_bytes(b"no database" * 1000)
    (tmp_path / "taken").write_text("")
    for folder in (tmp_path / "cache", tmp_path / "taken", None):
        cache = PictureCache(folder)
        cache.put("k", "run", picture())
        assert cache.get("k")
        cache.close()


def test_a_file_that_is_damaged_while_it_is_open_is_made_anew(tmp_path: Path) -> None:
    """Damage costs the pictures that were there, and nothing more: those that come later are kept."""
    cache = PictureCache(tmp_path / "cache")
    for number in range(40):
        cache.put(str(number), "run", picture())
    cache.close()
    damage(tmp_path / "cache" / "pictures.sqlite3")
    cache = PictureCache(tmp_path / "cache")
    assert not all(cache.get(str(number)) for number in range(40))
    cache.put("new", "run", picture())
    cache.put("newer", "run", picture())
    assert cache.get("newer")
    cache.close()
    cache = PictureCache(tmp_path / "cache")
    assert cache.get("newer")
    cache.close()
