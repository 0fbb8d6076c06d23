"""The panel: a model's controls, its runs and its results in a notebook cell."""
