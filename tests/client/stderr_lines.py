"""The stderr of a child process, without the lines that depend on how busy the machine is."""


def real_errors(stderr: str) -> str:
    """Return stderr without asyncio's warnings about slow callbacks, which -X dev turns on."""
    return "".join(line for line in stderr.splitlines(keepends=True) if not line.startswith("Executing <"))
