"""A panel is heard on the page's own subshell where the kernel has them, and as ever where it has none."""

from types import SimpleNamespace

from wiro_widgets.widget.subshells import hear_while_busy


def test_the_subshell_that_the_page_chose_is_kept() -> None:
    """As of ipykernel 7.4 a comm would send its messages to the main loop."""
    comm = SimpleNamespace(_reply_subshell_for=lambda _data, _chosen: None)
    hear_while_busy(comm)
    assert comm._reply_subshell_for({}, "subshell-1") == "subshell-1"


def test_a_kernel_without_subshells_is_left_alone() -> None:
    """Colab's kernel, marimo's and an older ipykernel's comms have nothing to change."""
    comm = SimpleNamespace(comm_id="c1")
    hear_while_busy(comm)
    assert vars(comm) == {"comm_id": "c1"}
    hear_while_busy(None)
