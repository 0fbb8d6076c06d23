import pytest

from wiro_widgets.sandbox import Calls, Faults, SandboxServer, fault_catalogue, parse_faults


def test_texts_are_read_by_their_names() -> None:
    """Each name has its kind of value; a name alone means once, or true."""
    faults = parse_faults(
        ["rate_limit=2", "server_error=Run:1,Task/Detail:3", "drop_socket_after=4", "lose_end", "delay=0.5"]
    )
    assert faults == Faults(
        rate_limit=Calls((("", 2),)),
        server_error=Calls((("Run", 1), ("Task/Detail", 3))),
        drop_socket_after=4,
        lose_end=True,
        delay=0.5,
    )


def test_a_mapping_reads_like_the_texts() -> None:
    """Python's own values mean the same."""
    assert SandboxServer(faults={"rate_limit": {"Run": 2}}).faults == parse_faults(["rate_limit=Run:2"])


def test_calls_count_for_each_endpoint_or_for_the_named_ones() -> None:
    """A bare number is for every endpoint by itself."""
    assert [Calls.of(2).limit(name) for name in ("Run", "Task/List")] == [2, 2]
    assert [Calls.of("Run:2").limit(name) for name in ("Run", "Task/List")] == [2, 0]


def test_an_unknown_name_lists_the_known_ones() -> None:
    """And suggests the near one."""
    with pytest.raises(
        ValueError, match=r"Did you mean 'rate_limit'.*Known faults: refuse_connections, "
    ) as error:
        parse_faults(["rate_limits=1"])
    assert "drop_socket_after" in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "rate_limit=often",
        "delay=-1",
        "lose_end=maybe",
        "stuck=nowhere",
        "drift=sideways",
        "drop_socket_after=x",
    ],
)
def test_an_impossible_value_names_its_fault(text: str) -> None:
    """ValueError begins with the fault's name."""
    with pytest.raises(ValueError, match=f"fault {text.partition('=')[0]}: "):
        parse_faults([text])


def test_every_fault_says_what_it_does() -> None:
    """The catalogue has a line for each."""
    catalogue = fault_catalogue()
    assert len(catalogue) > 50
    assert all(line and not line.endswith(".") for line in catalogue.values())


def test_no_faults_are_false() -> None:
    """Nothing goes wrong by default."""
    assert not SandboxServer().faults
    assert parse_faults(["lose_end"])
