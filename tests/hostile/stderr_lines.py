"""What a child process of a test wrote to stderr, without remarks on how busy the machine is."""


def real_errors(stderr: str) -> str:
    """Return what was written to stderr without asyncio's remarks on slow callbacks, which -X dev turns on."""
    return "".join(line for line in stderr.splitlines(keepends=True) if not line.startswith("Executing <"))
