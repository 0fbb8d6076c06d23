"""What a child of a test complained about, but for how busy this machine is."""


def complaints(stderr: str) -> str:
    """Return what was said on stderr without asyncio's remarks on slow callbacks, which -X dev turns on."""
    return "".join(line for line in stderr.splitlines(keepends=True) if not line.startswith("Executing <"))
