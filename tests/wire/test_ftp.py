from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.wire import ftp
from scanner.wire.ftp import (
    MalformedReply,
    RawReply,
    ReplyError,
    ReplyReader,
    ReplyTooLong,
    announces_tls,
    encode_command,
    has_feature,
    parse_directory,
    parse_extended_passive,
    parse_features,
    parse_passive,
)


def read_all(data: bytes) -> list[RawReply]:
    reader = ReplyReader()
    reader.feed(data)
    replies = []
    while (reply := reader.next_reply()) is not None:
        replies.append(reply)
    return replies


def read_one(data: bytes) -> RawReply:
    (reply,) = read_all(data)
    return reply


def test_a_line_is_a_reply() -> None:
    assert read_one(b"220 ready\r\n") == RawReply(220, (b"ready",))


def test_a_bare_code_and_a_bare_line_feed_are_taken() -> None:
    assert read_all(b"220\r\n331 go on\n") == [RawReply(220, (b"",)), RawReply(331, (b"go on",))]


def test_an_incomplete_reply_waits() -> None:
    reader = ReplyReader()
    reader.feed(b"220-first\r\n220 sec")
    assert reader.next_reply() is None
    reader.feed(b"ond\r\n")
    assert reader.next_reply() == RawReply(220, (b"first", b"second"))


def test_lines_inside_that_begin_with_digits_do_not_end_a_reply() -> None:
    reply = read_one(b"220-hello\r\n2026 maintenance\r\n530 not this\r\n220-more\r\n220 end\r\n")
    assert reply.lines == (b"hello", b"2026 maintenance", b"530 not this", b"more", b"end")


def test_replies_in_one_burst_come_one_by_one() -> None:
    codes = [reply.code for reply in read_all(b"150 open\r\n226-a\r\n226 b\r\n221 bye\r\n")]
    assert codes == [150, 226, 221]


def test_empty_lines_between_replies_say_nothing() -> None:
    assert [reply.code for reply in read_all(b"\r\n\r\n220 a\r\n\n331 b\r\n")] == [220, 331]


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 400 Bad\r\n",
        b"\x15\x03\x01\x00\x02",
        b"720 x\r\n",
        b"22x\r\n",
        b"2200 x\r\n",
        b" 220 x\r\n",
    ],
)
def test_what_is_no_reply_is_malformed_without_waiting_for_more(data: bytes) -> None:
    with pytest.raises(MalformedReply):
        read_all(data)


def test_a_long_line_keeps_its_beginning() -> None:
    reply = read_one(b"220 " + b"x" * 20_000 + b"\r\n")
    assert len(reply.lines[0]) == ftp.MOST_LINE - 4


def test_a_line_without_end_is_too_long() -> None:
    reader = ReplyReader()
    for _ in range(64):
        reader.feed(b"220 " + b"x" * 1000)
        assert reader.next_reply() is None
    reader.feed(b"x" * 8192)
    with pytest.raises(ReplyTooLong):
        reader.next_reply()


def test_a_reply_without_end_is_too_long() -> None:
    with pytest.raises(ReplyTooLong):
        read_all(b"220-a\r\n" + b"b\r\n" * ftp.MOST_LINES)


def test_a_bound_counts_one_reply_not_the_connection() -> None:
    assert len(read_all(b"200 ok and something more\r\n" * 5000)) == 5000


def test_shown_text_is_neutral_and_short() -> None:
    lines = b"".join(b"220-\x1b[31m%d\r\n" % number for number in range(20))
    shown = read_one(lines + b"220 \xe2\x80\xaeend\r\n").shown
    assert len(shown.text) == ftp.SHOWN_LINES
    assert shown.text[0] == "\\x1b[31m0"
    assert shown.text[-1] == "\\u202eend"


@given(st.binary(max_size=400))
def test_any_bytes_end_in_replies_or_an_error_of_our_own(data: bytes) -> None:
    try:
        replies = read_all(data)
    except ReplyError:
        return
    assert all(100 <= reply.code <= 699 for reply in replies)


@given(
    st.lists(
        st.sampled_from(
            [b"220 a\r\n", b"331-x\r\n220 y\r\n331 z\r\n", b"\r\n", b"226\n", b"150-1\r\n150 2\r\n"]
        )
    )
)
def test_a_cut_at_every_byte_changes_nothing(parts: list[bytes]) -> None:
    data = b"".join(parts)
    reader = ReplyReader()
    bytewise = []
    for index in range(len(data)):
        reader.feed(data[index : index + 1])
        while (reply := reader.next_reply()) is not None:
            bytewise.append(reply)
    assert bytewise == read_all(data)


def test_what_was_received_and_not_given_out_is_known() -> None:
    reader = ReplyReader()
    reader.feed(b"234 go\r\n220 injected\r\n331-half")
    assert reader.next_reply() == RawReply(234, (b"go",))
    assert reader.buffered == b"220 injected\r\n331-half"


def test_commands_are_encoded() -> None:
    assert encode_command("USER", b"anonymous") == b"USER anonymous\r\n"
    assert encode_command("NOOP") == b"NOOP\r\n"
    assert encode_command("CWD", b"a\xffb", double_iac=True) == b"CWD a\xff\xffb\r\n"
    assert encode_command("CWD", b"a\xffb") == b"CWD a\xffb\r\n"


@pytest.mark.parametrize("argument", [b"a\r\nDELE b", b"a\n", b"a\rb", b"a\0"])
def test_an_argument_cannot_smuggle_a_command(argument: bytes) -> None:
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        encode_command("CWD", argument)


@pytest.mark.parametrize("verb", ["", "cwd", "A", "ABCDE", "NO P", "NOOP\r\n"])
def test_a_verb_is_three_or_four_letters(verb: str) -> None:
    with pytest.raises(ValueError, match="verb"):
        encode_command(verb)


def test_features_are_the_inner_lines() -> None:
    reply = read_one(
        b"211-Features:\r\n AUTH SSL;TLS-P\r\n MLST type*;size*;\r\n \x07\r\n211 End\r\n"
    )
    features = parse_features(reply)
    assert features == ("AUTH SSL;TLS-P", "MLST type*;size*;", "\\x07")
    assert has_feature(features, "MLST")
    assert not has_feature(features, "TYPE")
    assert announces_tls(features)


def test_features_are_bounded_and_may_be_none() -> None:
    assert parse_features(read_one(b"211 none\r\n")) == ()
    many = b"".join(b" F%d\r\n" % number for number in range(300))
    assert len(parse_features(read_one(b"211-\r\n" + many + b"211 End\r\n"))) == ftp.MOST_FEATURES


@pytest.mark.parametrize(
    ("feature", "announced"),
    [
        ("AUTH TLS", True),
        ("auth ssl", True),
        ("AUTH TLS-C;TLS-P;", True),
        ("AUTH GSSAPI", False),
        ("AUTH", False),
        ("PROT TLS", False),
    ],
)
def test_tls_is_announced_by_auth_alone(feature: str, *, announced: bool) -> None:
    assert announces_tls((feature,)) is announced


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (b'257 "/" is the current directory', b"/"),
        (b'257 "/a ""quoted"" name" cwd', b'/a "quoted" name'),
        (b'257 current directory is "/caf\xe9"', b"/caf\xe9"),
    ],
)
def test_the_working_directory_is_unquoted(line: bytes, path: bytes) -> None:
    assert parse_directory(read_one(line + b"\r\n")) == path


@pytest.mark.parametrize(
    "line", [b"257 /unquoted", b'257 ""', b'257 "relative"', b'257 "/open', b'257 "/a\0b"', b"257"]
)
def test_no_working_directory_is_guessed(line: bytes) -> None:
    with pytest.raises(MalformedReply):
        parse_directory(read_one(line + b"\r\n"))


def test_a_passive_address_is_found_among_words() -> None:
    expected = (IPv4Address("127.0.0.1"), 4 * 256 + 1)
    for line in (
        b"227 Entering (127,0,0,1,4,1).",
        b"227 =127,0,0,1,4,1",
        b"227 see 9: 127, 0, 0, 1, 4, 1 ok",
    ):
        assert parse_passive(read_one(line + b"\r\n")) == expected


@pytest.mark.parametrize(
    "line",
    [
        b"227 none",
        b"227 (127,0,0,1,4)",
        b"227 (256,0,0,1,4,1)",
        b"227 (127,0,0,1,0,0)",
        b"227 (1270,0,0,1,4,1)",
    ],
)
def test_a_wrong_passive_address_is_malformed(line: bytes) -> None:
    with pytest.raises(MalformedReply):
        parse_passive(read_one(line + b"\r\n"))


def test_an_extended_passive_port_is_found() -> None:
    plain = read_one(b"229 Extended (|||50000|)\r\n")
    assert parse_extended_passive(plain) == ("", 50000)
    assert parse_extended_passive(read_one(b"229 ok (!!!21!) fine\r\n")) == ("", 21)
    named = read_one(b"229 ok (|1|127.66.66.66|21|)\r\n")
    assert parse_extended_passive(named) == ("127.66.66.66", 21)


@pytest.mark.parametrize(
    "text",
    [
        b"(|||0|)",
        b"(|||65536|)",
        b"(|||99999999|)",
        b"(||50|)",
        b"|||50|",
        b"(|||-5|)",
        b"(|!|50|)",
    ],
)
def test_a_wrong_extended_passive_port_is_malformed(text: bytes) -> None:
    with pytest.raises(MalformedReply):
        parse_extended_passive(RawReply(229, (text,)))


@given(st.binary(max_size=200))
def test_parsers_of_replies_raise_nothing_but_their_own(text: bytes) -> None:
    reply = RawReply(200, (text,))
    for parser in (parse_directory, parse_passive, parse_extended_passive):
        try:
            parser(reply)
        except MalformedReply:
            continue
    assert isinstance(announces_tls(parse_features(RawReply(211, (b"", text, b"")))), bool)
