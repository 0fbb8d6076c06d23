"""The settings of a sandbox."""

import ipaddress
import secrets
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """The fixed part of a sandbox: where it listens, how fast it works, who may call it.

    `speed` divides every simulated wait; `float("inf")` waits for nothing.
    Key and secret are random when left empty; with `signature=False` the key alone is enough.
    """

    host: str = "127.0.0.1"
    port: int = 0
    workers: int = 2
    speed: float = 1.0
    api_key: str = field(default="", repr=False)
    api_secret: str = field(default="", repr=False)
    signature: bool = True

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError(f"workers must be at least 1, not {self.workers}")
        if not self.speed > 0:
            raise ValueError(f"speed must be above 0, not {self.speed}")
        if not is_loopback(self.host):
            raise ValueError(f"the sandbox listens on loopback only, not on {self.host!r}")
        object.__setattr__(self, "api_key", self.api_key or secrets.token_hex(16))
        object.__setattr__(self, "api_secret", self.api_secret or secrets.token_hex(32))


def is_loopback(host: str) -> bool:
    """Return True for the name or an address of this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
