"""Packages from npm, for hosts whose front end would come from a CDN."""

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import front_end
import pytest

SECONDS = 300  # for a download


def unpack(package: str, folder: Path) -> None:
    """Have a package, as "name@version", in a folder of that name as a CDN has it; skip where npm cannot fetch it."""
    target = folder / package
    if target.is_dir():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        archive = _pack(package, Path(place))
        with tarfile.open(archive) as content:
            files = [item for item in content.getmembers() if not item.name.endswith(".map")]
            content.extractall(place, members=files, filter="data")
        if not target.is_dir():  # another worker may have been faster
            shutil.move(Path(place, "package"), target)


def _pack(package: str, place: Path) -> Path:
    npm = front_end.find_npm()
    if npm is None:
        pytest.skip(f"no npm to fetch {package} with")
    command = [npm, "pack", package, "--silent", "--pack-destination", str(place)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, cwd=place)
    if answer.returncode:
        pytest.skip(f"npm cannot fetch {package}: {answer.stderr.strip()[-300:]}")
    return place / answer.stdout.strip().splitlines()[-1]
