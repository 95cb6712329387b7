from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.errors import InputError
from scanner.intake.hosts import canonical_host, parse_host


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("FTP.Example.ORG", "ftp.example.org"),
        ("ftp.example.org.", "ftp.example.org"),
        ("FTP.Example.ORG.", "ftp.example.org"),
        ("localhost", "localhost"),
        ("under_score.example.org", "under_score.example.org"),
        ("büro.example.org", "xn--bro-hoa.example.org"),
        ("BÜRO。example.org", "xn--bro-hoa.example.org"),
        ("straße.example.org", "xn--strae-oqa.example.org"),
        ("xn--bro-hoa.example.org", "xn--bro-hoa.example.org"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:c000:207", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("2001:db8::1%eth0", "2001:db8::1"),
    ],
)
def test_spellings_of_one_host_have_one_form(text: str, form: str) -> None:
    assert canonical_host(text) == form


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "..", "a..b", "-a.example.org", "a-.example.org", "a" * 64 + ".example.org",
        ".".join(["a" * 60] * 5), "a b", "a\tb", "a\n", "a\x00b", "127.1", "2130706433", "0x7f.1",
        "0x7f000001", "192.0.2.07", "256.1.1.1", "1.2.3.4.5", "a.0x", "\u0661\u0662\u0667.1",
        "\uff11\uff12\uff17.0.0.1", "192.0.2.0/24", "*.example.org", "ftp://a.example.org",
        "joe@a.example.org", "a.example.org:21", "[a.example.org]", "[::1", "::1]", "\u202eftp.example.org",
        "\ud800.example.org",
    ],
)  # fmt: skip
def test_what_a_resolver_might_read_otherwise_is_no_host(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_host(text)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize("text", ["192.0.2.1.", "127.0.0.1.", "2001:db8::1.", "[2001:db8::1]."])
def test_an_address_with_a_final_dot_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_host(text)
    assert len(caught.value.problems) == 1


@given(st.integers(0, 2**32 - 1))
def test_mapped_addresses_are_their_ipv4_address(number: int) -> None:
    address = IPv4Address(number)
    assert parse_host(f"::ffff:{address}") == address
    assert parse_host(str(IPv6Address(0xFFFF << 32 | number))) == address


@given(st.text(st.sampled_from("aZ09-_.xfé:%[]*/ "), max_size=30))
def test_a_form_is_its_own_form(text: str) -> None:
    try:
        form = canonical_host(text)
    except InputError:
        return
    assert canonical_host(form) == form
    assert form.isascii()
    if not isinstance(parse_host(text), str):
        assert str(ip_address(form)) == form


NAMES = st.from_regex(r"([a-z0-9]([a-z0-9-]{0,5}[a-z0-9])?\.){0,3}[a-z0-9]{1,6}", fullmatch=True)


@given(NAMES.filter(lambda text: not text.replace(".", "").isdigit()))  # addresses have no root
def test_letter_case_changes_nothing(text: str) -> None:
    assert _form(text) == _form(text.upper()) == _form(f"{text}.")


def _form(text: str) -> str | None:
    try:
        return canonical_host(text)
    except InputError:
        return None


@given(st.from_regex(r"[0-9\u0660\u00b2]{1,3}(\.[0-9]{1,3}){2,4}[.\n ]?", fullmatch=True))
def test_four_numbers_are_an_address_where_the_library_says_so(text: str) -> None:
    try:
        wanted = ip_address(text)
    except ValueError:
        with pytest.raises(InputError):
            parse_host(text)
    else:
        assert parse_host(text) == wanted
