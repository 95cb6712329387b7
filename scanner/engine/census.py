"""Which supplied secrets are the same: compared by keyed hashes that end with the run."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from scanner.errors import SecretError
from scanner.model.secret import SecretResolver
from scanner.model.shared_secret import SharedSecret
from scanner.model.target import Account, Target
from scanner.model.target_list import Chosen, chosen

_DIGEST = 16


def _by_asset(targets: Sequence[Target]) -> Chosen:
    return Chosen(targets, sorted(range(len(targets)), key=lambda at: targets[at].asset))


@dataclass(slots=True)
class SecretCensus:
    """Counts, for every secret of a targets file, the accounts and assets that it is supplied for.

    The hashes are keyed with a key of this run alone, stay in memory, and are told to nobody.
    Accounts of a declared ``realm`` are left out: one secret for many servers is meant there.
    """

    secrets: SecretResolver = field(repr=False)
    targets: Sequence[Target] = field(repr=False)
    _key: bytes = field(init=False, repr=False, default_factory=lambda: os.urandom(32))
    _assets: Counter[bytes] | None = field(init=False, repr=False, default=None)

    def _counted(self) -> Counter[bytes]:
        """Return on how many assets each secret is supplied; counted when first asked for."""
        if self._assets is None:
            self._assets = Counter()
            supplied = chosen(self.targets, lambda target: bool(target.accounts))
            for _, same in groupby(_by_asset(supplied), key=lambda target: target.asset):
                self._assets.update({digest for one in same for _, digest in self._digests(one)})
        return self._assets

    def shared(self, target: Target) -> tuple[SharedSecret, ...]:
        """Return which accounts of a target have a secret that is supplied elsewhere too.

        What cannot be resolved is left out: it opens nothing.
        """
        found = list(self._digests(target))
        assets = self._counted()
        shared: list[SharedSecret] = []
        for account in dict.fromkeys(name for name, _ in found):
            own = {digest for name, digest in found if name == account}
            beside = {name for name, digest in found if digest in own and name != account}
            elsewhere = max(assets[digest] for digest in own) - 1
            if beside or elsewhere > 0:
                shared.append(
                    SharedSecret(
                        username=account, accounts=tuple(sorted(beside)), assets=max(0, elsewhere)
                    )
                )
        return tuple(shared)

    def _digests(self, target: Target) -> Iterator[tuple[str, bytes]]:
        for account in target.accounts:
            if account.realm is None:
                for digest in self._of_account(account):
                    yield account.username, digest

    def _of_account(self, account: Account) -> Iterator[bytes]:
        for kind, reference in (("key", account.private_key), ("password", account.password)):
            if reference is None:
                continue
            try:
                secret = self.secrets.resolve(reference).reveal()
            except SecretError:
                continue
            text = kind.encode() + b"\0" + secret
            yield hmac.new(self._key, text, hashlib.sha256).digest()[:_DIGEST]
