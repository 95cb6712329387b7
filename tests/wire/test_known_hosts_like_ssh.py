"""What known_hosts says, asked of ssh and ssh-keygen too: their word is what the format means."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanner.wire.known_hosts import HostKeyPolicy, candidate_names, read_known_hosts
from tests.servers import Openssh
from tests.servers.openssh import running
from tests.servers.packages import Prefix
from tests.servers.process import Place
from tests.servers.ssh_certificates import EXPIRED, NOT_YET, certify
from tests.servers.ssh_keys import KeyPair, make_host_keys, make_key

HOST = "127.0.0.77"
ELSEWHERE = "127.0.0.78"


@dataclass(frozen=True)
class Keys:
    prefix: Prefix
    folder: Path
    host: KeyPair
    other: KeyPair
    authority: KeyPair

    def known_hosts(self, lines: tuple[str, ...], port: int = 22) -> Path:
        path = self.folder / "known_hosts"
        words = {
            "key": self.host.public_line,
            "other": self.other.public_line,
            "ca": self.authority.public_line,
            "port": port,
        }
        path.write_text("".join(line.format(**words) + "\n" for line in lines))
        return path

    def program(self, *words: str) -> subprocess.CompletedProcess[str]:
        name, *arguments = words
        return subprocess.run(
            [str(self.prefix.program(name)), *arguments],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def ssh_accepts(self, path: Path, port: int) -> bool:
        """Whether ssh goes on after the host key; it has nothing to log in with."""
        options = {
            "UserKnownHostsFile": str(path),
            "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "yes",
            "UpdateHostKeys": "no",
            "BatchMode": "yes",
            "IdentityAgent": "none",
            "PreferredAuthentications": "hostbased",
            "HostKeyAlgorithms": "ssh-ed25519-cert-v01@openssh.com,ssh-ed25519",
        }
        words = [word for pair in options.items() for word in ("-o", "=".join(pair))]
        told = self.program("ssh", "-F", "none", *words, "-p", str(port), f"nobody@{HOST}", "true")
        refused = "Host key verification failed" in told.stderr
        accepted = "Permission denied" in told.stderr
        assert refused != accepted, told.stderr
        return accepted

    def policy(self, path: Path, port: int) -> HostKeyPolicy:
        return HostKeyPolicy(
            candidate_names((HOST,), port),
            known=read_known_hosts(path.read_bytes()),
            names=(HOST,),
            now=datetime.now(UTC),
        )


@pytest.fixture
def keys(server_packages: Prefix, tmp_path: Path) -> Keys:
    (host,) = make_host_keys(server_packages, tmp_path, ("ed25519",))
    return Keys(
        server_packages,
        tmp_path,
        host,
        make_key(server_packages, tmp_path, "ed25519", name="other"),
        make_key(server_packages, tmp_path, "ed25519", name="authority"),
    )


@pytest.fixture
def servers() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


PORTS = (22, None)
LINES: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "bare": (f"{HOST} {{key}}",),
    "bare, another key": (f"{HOST} {{other}}",),
    "with the port": (f"[{HOST}]:{{port}} {{key}}",),
    "with another port": (f"[{HOST}]:4022 {{key}}",),
    "bare and with the port": (f"{HOST} {{key}}", f"[{HOST}]:{{port}} {{other}}"),
    "pattern": ("127.0.0.* {key}",),
    "pattern with a question mark": ("127.0.0.7? {key}",),
    "pattern with the port": ("[127.0.*]:{port} {key}",),
    "brackets are no set": ("127.0.0.7[78] {key}",),
    "negated": (f"127.0.0.*,!{HOST} {{key}}",),
    "negated alone": (f"!{ELSEWHERE} {{key}}",),
    "another negated": (f"127.0.0.*,!{ELSEWHERE} {{key}}",),
    "two names": (f"{ELSEWHERE},{HOST} {{key}}",),
    "revoked": (f"{HOST} {{key}}", f"@revoked {HOST} {{key}}"),
    "revoked everywhere": (f"{HOST} {{key}}", "@revoked * {key}"),
    "revoked elsewhere": (f"{HOST} {{key}}", f"@revoked {ELSEWHERE} {{key}}"),
    "another revoked": (f"{HOST} {{key}}", "@revoked * {other}"),
    "an authority is no key": (f"@cert-authority {HOST} {{key}}",),
    "two keys of a type": (f"{HOST} {{other}}", f"{HOST} {{key}}"),
    "a broken line before": ("nonsense", f"{HOST} {{key}}"),
}


@pytest.mark.parametrize("port", PORTS, ids=["22", "another port"])
def test_plain_keys_are_accepted_as_by_ssh(
    port: int | None, keys: Keys, servers: ExitStack
) -> None:
    options = Openssh(host_key_kinds=("ed25519",), place=Place(address=HOST, port=port))
    server = servers.enter_context(running(options))
    for name, lines in LINES.items():
        path = keys.known_hosts(lines, server.port)
        for hashed in (False, True):
            if hashed and any(sign in "".join(lines) for sign in "*?!,["):
                continue  # patterns cannot be hashed
            if hashed:
                keys.program("ssh-keygen", "-q", "-H", "-f", str(path))
            trust = keys.policy(path, server.port).judge(keys.host.blob).trust
            accepted = keys.ssh_accepts(path, server.port)
            assert trust.may_receive_secrets == accepted, (name, hashed, trust)


@pytest.mark.parametrize("name", LINES)
def test_a_host_is_found_as_by_ssh_keygen(name: str, keys: Keys) -> None:
    path = keys.known_hosts(LINES[name])
    known = read_known_hosts(path.read_bytes())
    for candidate in (HOST, f"[{HOST}]:4022", ELSEWHERE):
        found = keys.program("ssh-keygen", "-F", candidate, "-f", str(path)).stdout
        wanted = [line for line in found.splitlines() if line and not line.startswith("#")]
        told = [entry for entry in known.entries if entry.names(candidate)]
        assert len(told) == len(wanted), (candidate, found)


CERTIFIED: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "listed": ({}, (f"@cert-authority {HOST} {{ca}}",)),
    "listed for every host": ({}, ("@cert-authority * {ca}",)),
    "listed with the port": ({}, (f"@cert-authority [{HOST}]:{{port}} {{ca}}",)),
    "listed for another": ({}, (f"@cert-authority {ELSEWHERE} {{ca}}",)),
    "another authority": ({}, (f"@cert-authority {HOST} {{other}}",)),
    "listed as a key": ({}, (f"{HOST} {{ca}}",)),
    "not listed": ({}, ()),
    "only the key": ({}, (f"{HOST} {{key}}",)),
    "another principal": ({"principals": ELSEWHERE}, ("@cert-authority * {ca}",)),
    "two principals": ({"principals": f"{ELSEWHERE},{HOST}"}, ("@cert-authority * {ca}",)),
    "expired": ({"validity": EXPIRED}, ("@cert-authority * {ca}",)),
    "expired, key listed": ({"validity": EXPIRED}, ("@cert-authority * {ca}", f"{HOST} {{key}}")),
    "not yet valid": ({"validity": NOT_YET}, ("@cert-authority * {ca}",)),
    "critical option": ({"options": ("critical:a@b.c",)}, ("@cert-authority * {ca}",)),
    "extension": ({"options": ("extension:a@b.c",)}, ("@cert-authority * {ca}",)),
    "authority revoked": ({}, ("@cert-authority * {ca}", "@revoked * {ca}")),
    "key revoked": ({}, ("@cert-authority * {ca}", "@revoked * {key}")),
    "key changed, certified": ({}, ("@cert-authority * {ca}", f"{HOST} {{other}}")),
}


@pytest.mark.parametrize("port", PORTS, ids=["22", "another port"])
@pytest.mark.parametrize(("made", "lines"), CERTIFIED.values(), ids=CERTIFIED)
def test_certificates_are_accepted_as_by_ssh(
    port: int | None,
    made: dict[str, Any],
    lines: tuple[str, ...],
    keys: Keys,
    servers: ExitStack,
) -> None:
    terms = {"principals": HOST, **made}
    certificate = certify(keys.prefix, keys.folder, keys.host, keys.authority, **terms)
    options = Openssh(
        host_key_kinds=("ed25519",),
        place=Place(address=HOST, port=port),
        extra=(f"HostCertificate {certificate}",),
    )
    server = servers.enter_context(running(options))
    path = keys.known_hosts(lines, server.port)
    blob = base64.b64decode(certificate.read_text().split()[1])
    judged = keys.policy(path, server.port).judge_all((keys.host.blob, blob))
    trusted = any(each.trust.may_receive_secrets for each in judged)
    assert trusted == keys.ssh_accepts(path, server.port), judged


@pytest.mark.parametrize(
    ("principals", "ours", "theirs"), [("127.0.*", "yes", "no"), ("", "no", "yes")]
)
def test_two_rules_are_those_of_a_later_ssh(
    principals: str, ours: str, theirs: str, keys: Keys, servers: ExitStack
) -> None:
    """OpenSSH 10.3 takes patterns for hosts, and takes no certificate that names nobody."""
    certificate = certify(
        keys.prefix, keys.folder, keys.host, keys.authority, principals=principals
    )
    extra = (f"HostCertificate {certificate}",)
    place = Place(address=HOST)
    server = servers.enter_context(
        running(Openssh(host_key_kinds=("ed25519",), place=place, extra=extra))
    )
    path = keys.known_hosts(("@cert-authority * {ca}",), server.port)
    blob = base64.b64decode(certificate.read_text().split()[1])
    trust = keys.policy(path, server.port).judge(blob).trust
    assert trust.may_receive_secrets == (ours == "yes")
    assert keys.ssh_accepts(path, server.port) == (theirs == "yes")  # 9.2, of Debian 12
