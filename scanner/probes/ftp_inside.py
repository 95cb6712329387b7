"""Once logged in over FTP: look around, then see what the session may be stripped of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from scanner.clients.faults import Fault
from scanner.clients.ftp import WHERE_ONE_IS, FtpTree, open_tree
from scanner.clients.ftp_ahead import Command
from scanner.clients.ftp_session import FtpSession
from scanner.model.frozen import dataclass
from scanner.model.listing import Listing, Outcome
from scanner.model.mask import without_paths
from scanner.model.observation import Bounce, DataProtection, PassiveAddress, Reply, WriteTest
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Account
from scanner.model.view import AccountView, CredentialStatus, View
from scanner.probes.ftp_access import Entrance, Login, log_in_anonymously
from scanner.probes.ftp_accounts import Credential, load_credential, not_sent, refused
from scanner.probes.ftp_contact import read_features
from scanner.probes.ftp_posture import ask_bounce, ask_reuse
from scanner.probes.ftp_tls import ask_ccc, ask_protection
from scanner.probes.ftp_visit import Visit
from scanner.probes.ftp_words import AFTER_LOGIN, Words
from scanner.probes.ftp_write_test import Candidates, ask_write

_CUT_SHORT = Unobserved(Reason.CONNECTION_LOST, "a session inside TLS ended before it was asked")
_UNPROTECTED = "the server does not protect data connections; an account lists nothing in clear"


class WitnessedTree:
    """A ``RemoteTree`` that keeps the reply to its home's listing as evidence, and remembers
    where a write may succeed.
    """

    def __init__(self, tree: FtpTree, visit: Visit) -> None:
        self._tree = tree
        self._visit = visit
        self.home = tree.home
        self.candidates = Candidates(tree.home)

    async def list_directory(self, path: bytes, *, most: int) -> Reading[Listing]:
        """List as the tree does."""
        reading = await self._tree.list_directory(path, most=most)
        if isinstance(reading, Observed):
            self.candidates.meet(path, reading.value)
        if path != self.home or isinstance(reading, Unobserved):
            return reading
        listing = reading.value
        identity = self._visit.context.evidence.add(
            "ftp-listing",
            {
                "outcome": str(listing.outcome),
                "entries": len(listing.entries),
                "complete": listing.complete,
                "reply": without_paths(listing.reply),
            },
        )
        return Observed(_with_evidence(listing, identity))

    async def read_range(self, path: bytes, offset: int, length: int) -> Reading[bytes]:
        """Read as the tree does."""
        return await self._tree.read_range(path, offset, length)

    async def modified_at(self, path: bytes) -> Reading[datetime]:
        """Ask as the tree does."""
        return await self._tree.modified_at(path)


class Inside:
    """Makes tours of logged-in sessions and gathers what they teach beside the view."""

    def __init__(self, visit: Visit, words: Words) -> None:
        self._visit = visit
        self._words = words
        self._views_to_come = 1  # that of anonymous
        self.features: Reading[tuple[str, ...]] | None = None
        self.protection: list[Reading[DataProtection]] = []
        self.ccc: list[Reading[Reply]] = []
        self.reused: list[Reading[bool]] = []
        self.passive: list[Reading[PassiveAddress]] = []
        self.reuse_required: list[Reading[bool]] = []
        self.bounce: list[Reading[Bounce]] = []
        self.write_test: Reading[WriteTest] | None = None

    async def visit_accounts(self) -> tuple[AccountView, ...]:
        """Try every supplied account, look around with those let in.

        An account whose session is lost while looking is logged in again.
        """
        context = self._visit.context
        if not context.credentialed:
            return ()
        wanted = [account for account in context.target.accounts if account.password is not None]
        self._views_to_come += len(wanted)
        return tuple([await self._account(account) for account in wanted])

    async def _account(self, account: Account) -> AccountView:
        if (stopped := self._visit.stopped) is not None:
            return not_sent(account, stopped.reason, stopped.detail)
        credential = load_credential(self._visit, account)
        if isinstance(credential, AccountView):
            return credential
        return await self._log_in(account, credential)

    async def _log_in(self, account: Account, credential: Credential) -> AccountView:
        async def question() -> Reading[tuple[FtpSession, Login]]:
            return Observed(await credential.log_in())

        reading = await self._visit.ask(question)
        if isinstance(reading, Unobserved):
            return _undecided(account, credential, reading)
        session, login = reading.value
        if not login.accepted:
            return refused(account, login)
        # Whatever becomes of the look around: that the login was let in is known.
        view = await self._tour(
            session, credential.again, account.username, encrypted=True, private=True
        )
        return AccountView(username=account.username, status=CredentialStatus.ACCEPTED, view=view)

    async def look_around(self, entrance: Entrance) -> Reading[View]:
        """Tour with the anonymous login that got in, in TLS if it can be; else in clear."""
        if not entrance.username:
            unseen = Unobserved(Reason.NO_LOGIN, "no anonymous login was let in")
            return entrance.undone or unseen
        name, encrypted = entrance.username, entrance.encrypted
        view = await self._anonymous_tour(name, entrance.session, encrypted=encrypted)
        listed = isinstance(view, Observed) and view.value.root is Outcome.LISTED
        if listed or not (encrypted and entrance.clear_accepted):
            return view
        second = await self._anonymous_tour(name, None, encrypted=False)
        return second if isinstance(second, Observed) else view

    async def _anonymous_tour(
        self, username: str, session: FtpSession | None, *, encrypted: bool
    ) -> Reading[View]:
        async def again() -> FtpSession:
            return await _enter_again(self._visit, username, encrypted=encrypted)

        async def question() -> Reading[FtpSession]:
            return Observed(session or await again())

        entered = await self._visit.ask(question)
        if isinstance(entered, Unobserved):
            if session is not None:
                session.abort()
            return entered
        return await self._tour(entered.value, again, username, encrypted=encrypted)

    async def _tour(
        self,
        session: FtpSession,
        again: Callable[[], Awaitable[FtpSession]],
        username: str,
        *,
        encrypted: bool,
        private: bool = False,
    ) -> Reading[View]:
        async def reconnect() -> FtpSession:
            fresh = await again()
            try:
                await self._settle_in(fresh)
            except BaseException:
                fresh.abort()
                raise
            if private and not fresh.data_protected:
                fresh.abort()
                raise Fault(Reason.NOT_OFFERED, _UNPROTECTED)
            return fresh

        asked = len(self.ccc)
        try:
            return await self._look_and_strip(session, reconnect, username, encrypted, private)
        finally:
            session.abort()
            if encrypted and len(self.ccc) == asked:
                # What this class of user would have shown must not hide behind another's answer.
                self.protection.append(_CUT_SHORT)
                self.ccc.append(_CUT_SHORT)

    async def _look_and_strip(
        self,
        session: FtpSession,
        reconnect: Callable[[], Awaitable[FtpSession]],
        username: str,
        encrypted: bool,  # noqa: FBT001 - handed on by _tour alone
        private: bool,  # noqa: FBT001 - handed on by _tour alone
    ) -> Reading[View]:
        visit = self._visit
        opened = await visit.ask(lambda: self._open(session, reconnect))
        if isinstance(opened, Unobserved):
            session.abort()
            return opened
        tree = opened.value
        exposed = private and not tree.session.data_protected
        try:
            self.passive.append(await self._passive(tree))
            view: Reading[View] = Unobserved(Reason.NOT_OFFERED, _UNPROTECTED)
            if not exposed:
                look = _Look(username=username, encrypted=encrypted, seconds=self._share())
                witness = WitnessedTree(tree, visit)
                view = await visit.ask(lambda: look.through(visit, witness))
                await self._write(tree, witness.candidates, private=private)
            await self._strip(tree, encrypted=encrypted)
        finally:
            await tree.close()
        return view

    async def _write(self, tree: FtpTree, candidates: Candidates, *, private: bool) -> None:
        """Write, where the target asks for it, as nobody in particular; never as an account."""
        visit = self._visit
        if visit.context.target.allow.write_test and not private:
            paths = candidates.paths()
            self.write_test = await visit.ask(lambda: ask_write(visit, tree, paths))

    async def _open(
        self, session: FtpSession, reconnect: Callable[[], Awaitable[FtpSession]]
    ) -> Reading[FtpTree]:
        try:
            await self._settle_in(session)
            session.send_ahead(*self._first_commands())
            return Observed(await self._opened(session, reconnect))
        except Fault:
            if not session.out_of_step:
                raise
        fresh = await reconnect()
        try:
            return Observed(await self._opened(fresh, reconnect))
        except BaseException:
            fresh.abort()
            raise

    def _first_commands(self) -> list[Command]:
        asked = self._words.to_ask(AFTER_LOGIN)
        passive = [] if self._visit.dialer.admitted.ip.version == 6 else [("PASV", b"")]
        return [*asked, *WHERE_ONE_IS, *passive]

    async def _opened(
        self, session: FtpSession, reconnect: Callable[[], Awaitable[FtpSession]]
    ) -> FtpTree:
        await self._words.ask(session, AFTER_LOGIN)
        return await open_tree(session, reconnect=reconnect, clock=self._visit.context.clock)

    async def _passive(self, tree: FtpTree) -> Reading[PassiveAddress]:
        """Ask for a passive address; once more, by itself, where it was lost among others."""
        visit = self._visit
        passive = await visit.ask(lambda: ask_passive(visit, tree))
        if isinstance(passive, Unobserved) and tree.session.out_of_step:
            await visit.ask(lambda: _revived(tree))
            passive = await visit.ask(lambda: ask_passive(visit, tree))
        return passive

    def _share(self) -> float:
        """Return this view's share of the time left; the last share is for what comes after.

        Without it the first login's samples could eat the time in which the open zone is proved.
        """
        share = self._visit.share(self._views_to_come + 1)
        self._views_to_come = max(1, self._views_to_come - 1)
        return share

    async def _settle_in(self, session: FtpSession) -> None:
        visit = self._visit
        if visit.features is None:
            self.features = await read_features(visit, session)
        session.features = visit.features or ()
        if session.tls is not None:
            await session.protect_data()

    async def _strip(self, tree: FtpTree, *, encrypted: bool) -> None:
        if tree.session.session_reused is not None:
            self.reused.append(Observed(tree.session.session_reused))
        visit, ask = self._visit, self._visit.ask
        # Sampling that ended by its time was cut amid a transfer, and its session with it.
        await ask(lambda: _revived(tree))
        if encrypted:
            await self._see_reuse(tree)
            self.protection.append(await ask(lambda: ask_protection(visit, tree)))
        self.bounce.append(await ask(lambda: ask_bounce(visit, tree)))
        if encrypted:
            self.ccc.append(await ask(lambda: ask_ccc(visit, tree)))

    async def _see_reuse(self, tree: FtpTree) -> None:
        """Ask once: the server's rule does not depend on who logs in, and some end the session."""
        if not any(isinstance(reading, Observed) for reading in self.reuse_required):
            visit = self._visit
            self.reuse_required.append(await visit.ask(lambda: ask_reuse(visit, tree)))
            await visit.ask(lambda: _revived(tree))


def _undecided(account: Account, credential: Credential, why: Unobserved) -> AccountView:
    if not credential.sent:
        return not_sent(account, why.reason, why.detail)
    return AccountView(
        username=account.username,
        status=CredentialStatus.UNDECIDED,
        detail=why.detail,
        view=why,
    )


async def _revived(tree: FtpTree) -> Reading[bool]:
    await tree.revive()
    return Observed(tree.session.is_usable)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    username: str
    encrypted: bool
    seconds: float

    async def through(self, visit: Visit, tree: WitnessedTree) -> Reading[View]:
        from scanner.probes.walk import observe_view  # noqa: PLC0415 - few let anybody in

        return await observe_view(
            tree,
            username=self.username,
            encrypted=self.encrypted,
            context=visit.context,
            seconds=self.seconds,
        )


async def ask_passive(visit: Visit, tree: FtpTree) -> Reading[PassiveAddress]:
    """Ask PASV where it points to; nothing is connected to there. IPv6 has no PASV (RFC 2428)."""
    if visit.dialer.admitted.ip.version == 6:
        return Unobserved(Reason.NOT_OFFERED, "PASV names addresses of IPv4 alone")
    port = tree.transfers.port
    reply = await port.ask_address()
    announced = PassiveAddress(announced=port.announced, foreign=port.is_foreign)
    return Observed(announced, (visit.note("PASV", reply),))


async def _enter_again(visit: Visit, username: str, *, encrypted: bool) -> FtpSession:
    session = await visit.connect(secure=encrypted)
    try:
        login = await log_in_anonymously(visit, session, username)
    except BaseException:
        session.abort()
        raise
    if isinstance(login, Observed) and login.value.accepted:
        return session
    session.abort()
    if isinstance(login, Unobserved):
        raise Fault(login.reason, login.detail)
    raise Fault(Reason.THROTTLED, "let in before, and now no more")


def _with_evidence(listing: Listing, identity: str) -> Listing:
    return replace(listing, evidence=(*listing.evidence, identity))
