"""What a client is made of, from its arguments and the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.journal_file import data_folder
from wiro_widgets.journal.postgres.server_address import ServerAddress, as_server_address
from wiro_widgets.media.cloud_files import CloudFolder, OutputFolder, is_address
from wiro_widgets.money.budget import Budget
from wiro_widgets.money.estimator import Estimator
from wiro_widgets.money.ledger import Ledger
from wiro_widgets.protocol.credentials import Credentials
from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.protocol.timing import Timing
from wiro_widgets.runs.engine import Engine
from wiro_widgets.transport import urls
from wiro_widgets.transport.downloads import Downloads
from wiro_widgets.transport.http import Http


def find_credentials(key: str | None, secret: str | None) -> Credentials:
    """Return the credentials; raises ConfigurationError without the frames that hold the arguments."""
    try:
        return Credentials.find(key, secret)
    except ConfigurationError as error:
        reason = error.with_traceback(None)
    finally:
        del key, secret
    raise reason


JournalArgument = str | Path | ServerAddress | Literal[False] | None


def parse_journal(journal: JournalArgument) -> JournalArgument:
    """Return the argument with the address of a server as one that shows no password.

    Raises ConfigurationError for an address that is none, without the frames that hold it.
    """
    try:
        return as_server_address(journal) if isinstance(journal, str) else journal
    except ConfigurationError as error:
        reason = error.with_traceback(None)
    finally:
        del journal
    raise reason


def journal_place(journal: JournalArgument = None) -> Path | ServerAddress | None:
    """Return where a client's journal is: what the argument says, else the environment, else the user's own.

    None for False. Raises ConfigurationError for an address that is none.
    """
    if journal is False:
        return None
    place = journal or parse_journal(os.environ.get("WIRO_JOURNAL")) or data_folder() / "journal.sqlite3"
    return place if isinstance(place, ServerAddress) else Path(place).expanduser()


def output_folder(place: str | Path | None = None) -> OutputFolder:
    """Return the folder for outputs, by default that of the environment, else the user's own.

    One that is elsewhere, such as "s3://bucket/folder", comes with a folder here, where outputs wait until they are
    moved. Raises ConfigurationError if no outputs can be moved there.
    """
    place = place or os.environ.get("WIRO_OUTPUT_DIR") or data_folder() / "outputs"
    if is_address(place):
        return CloudFolder.open(place, data_folder() / "outputs-to-move")
    folder = Path(place).expanduser()
    if folder.is_file():  # refused before a run is paid
        raise ConfigurationError(f"The outputs cannot be saved in {folder}: it is a file, not a folder.")
    return folder


def open_engine(
    credentials: Credentials,
    *,
    base_url: str | None,
    socket_url: str | None,
    timeout: float,
    journal: JournalArgument,
    output_dir: str | Path | None,
    allow_http: bool,
    budget: float | Budget | None,
    timing: Timing,
) -> Engine:
    """Return an engine that has not called anybody yet; raises ConfigurationError."""
    base = urls.base_url(base_url, allow_http=allow_http)
    sockets = urls.socket_url(socket_url, base, allow_http=allow_http)
    if not isinstance(timeout, int | float) or not timeout > 0:
        raise ConfigurationError(f"timeout is a number of seconds above 0, not {timeout!r}.")
    http = Http(credentials, base, timeout=timeout, timing=timing)
    folder = output_folder(output_dir)
    client_budget = budget if budget is None or isinstance(budget, Budget) else Budget(budget)
    opened = Journal.open(journal_place(journal))
    return Engine(
        http=http,
        socket_url=sockets,
        journal=opened,
        downloads=Downloads(http, folder, allow_http=allow_http, timing=timing),
        ledger=Ledger(Estimator(http, opened), client_budget),
        timing=timing,
    )
