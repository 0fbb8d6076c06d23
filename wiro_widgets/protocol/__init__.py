"""What Wiro says and means: no input, no output, standard library only. Also the version, which every room may read."""

__version__ = "0.1.0"
