"""Versions of the card keys: made, brought to the terminals, then to the cards (docs/mifare.md).

Three steps of people, each refused while the one before is not done: a new version is made and goes
to every terminal; when all have confirmed it, cards are to have it, at their next tap; when the
cards have been seen, what stands under older keys is refused. Called from any thread, as `orders`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sync_server.gateway.refusals import Impossible
from sync_server.keyring import NoMoreVersions

if TYPE_CHECKING:
    from sync_server.gateway.orders import Orders
    from sync_server.keyring import Keyring
    from sync_server.store.store import Store


class CardKeys:
    """do: runs a change in the writer thread and waits for its commit. tell(version): pushes."""

    def __init__(
        self,
        orders: Orders,
        store: Store,
        keyring: Keyring,
        do: Callable[..., Any],
        tell: Callable[[int], None],
    ):
        self._orders = orders
        self._store = store
        self._keyring = keyring
        self._do = do
        self._tell = tell

    def state(self) -> dict[str, Any]:
        """newest, card_key (what cards shall have), oldest_card_key, lacking: terminals that have
        not confirmed the newest, cards: how many were given each version."""
        newest = self._keyring.newest
        return {
            "newest": newest,
            "card_key": self._store.card_keys.wanted(),
            "oldest_card_key": self._store.card_keys.oldest(),
            "lacking": self._store.card_keys.lacking(newest) if newest > 1 else [],
            "cards": {str(key): count for key, count in self._store.card_keys.counts().items()},
        }

    def grow(self, with_sectors: bool) -> dict[str, Any]:
        """A new version, on its way to every terminal. Impossible."""
        try:
            self._tell(self._do(self._keyring.grow, with_sectors))
        except NoMoreVersions as error:
            raise Impossible(str(error), 409) from None
        return self.state()

    def use(self, version: int, without: list[int]) -> dict[str, Any]:
        """Cards shall have this version. Impossible 409 while a terminal, but for those `without`
        which it has to be, has not confirmed it: cards would be foreign to it."""
        if not self._store.card_keys.wanted() <= version <= self._keyring.newest:
            raise Impossible(f"cards cannot have key version {version} now", 409)
        lacking = (
            set(self._store.card_keys.lacking(version)) - set(without) if version > 1 else set()
        )
        if lacking:
            names = ", ".join(str(number) for number in sorted(lacking))
            raise Impossible(f"terminals without key version {version}: {names}", 409)
        self._orders.set_params(None, {"card_key": version})
        return self.state()

    def retire(self, oldest: int) -> dict[str, Any]:
        """What stands under older keys is refused from now on; such cards go to the desk."""
        if not self._store.card_keys.oldest() <= oldest <= self._store.card_keys.wanted():
            raise Impossible(f"cards of key version {oldest} cannot be the oldest now", 409)
        self._orders.set_params(None, {"oldest_card_key": oldest})
        return self.state()
