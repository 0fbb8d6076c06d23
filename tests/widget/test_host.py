"""Messages of a panel stay on the subshell of the page if the kernel has subshells."""

from types import SimpleNamespace

from wiro_widgets.widget.host import receive_while_busy


def test_messages_stay_on_the_subshell_of_the_page() -> None:
    """Ipykernel 7.4 would send them to the main loop."""
    comm = SimpleNamespace(_reply_subshell_for=lambda _data, _subshell: None)
    receive_while_busy(comm)
    assert comm._reply_subshell_for({}, "subshell-1") == "subshell-1"


def test_a_kernel_without_subshells_is_not_changed() -> None:
    """The comms of Colab, marimo and an older ipykernel have no such method."""
    comm = SimpleNamespace(comm_id="c1")
    receive_while_busy(comm)
    assert vars(comm) == {"comm_id": "c1"}
    receive_while_busy(None)
