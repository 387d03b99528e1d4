"""The college of a term: the real server in this process, terminals, offices, people, truth."""

import asyncio
import csv
import io
import time
from collections import defaultdict
from pathlib import Path

from argon2 import PasswordHasher

from protocol import record
from sync_server.running import Address, Server
from terminal_sim.server import Office
from tests.term.offices import Offices
from tests.term.truth import Truth

ANYWHERE = Address("127.0.0.1", 0)
WAIT_S = 40
REPORTS_S = 40  # an idle terminal reports each 30
NUDGE_S = 1
TAKEN = (record.PURCHASE, record.PASS)


class College:
    """tills: those that take money; gates. people: everybody. Use as an async context manager."""

    def __init__(self, url, folder, clock, play, people, open_till):
        self.folder = Path(folder)
        self.clock = clock
        self.people = people
        self.truth = Truth()
        self.tills = []
        self.gates = []
        self._counted = defaultdict(lambda: (0, 0))  # terminal -> last serial, taps up to it
        self._url = url
        self._play = play
        self._open_till = open_till

    async def __aenter__(self):
        await self.start()
        self.offices = Offices(self._play, self.server, self.clock)
        await self.offices.__aenter__()
        return self

    async def __aexit__(self, *_):
        for till in self.terminals():
            await till.close()
        await self.offices.__aexit__()
        with self.clock.runs():
            await self.server.close()

    async def start(self):
        """The server."""
        self.server = await Server.open(self._url, ANYWHERE, ANYWHERE, str(self.folder))
        self.server.orders.offices.hasher = PasswordHasher(1, 8, 1)  # its cost is tried elsewhere
        self.office = Office(self.server.ready["http"], self.server.token)

    async def restart(self):
        """The server ends and is started anew."""
        with self.clock.runs():
            await self.server.close()
        await self.start()
        self.offices.moved(self.server)

    def terminals(self):
        """Tills and gates."""
        return [*self.tills, *self.gates]

    async def call(self, method, path, body=None):
        """The API, with the key."""
        return await asyncio.to_thread(self.office.call, method, path, body)

    async def enrol(self, kind, place, merchant=""):
        """One more terminal, which asks for cards."""
        enrolled = await asyncio.to_thread(self.office.enrol, kind, place, merchant)
        till = await self._open_till(kind, merchant, place, enrolled, self)
        (self.gates if kind == "gate" else self.tills).append(till)
        return till

    async def until(self, holds, what):
        """Until `holds()` gives something. -> it"""
        try:
            async with asyncio.timeout(WAIT_S):
                while True:  # ends by itself, or by the time-out
                    found = await holds()
                    if found:
                        return found
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"waited in vain: {what}") from None

    async def at(self, date, local_s):
        """It is this day and time, and whatever terminal has a line has heard it."""
        self.clock.at(date, local_s)
        await self.heard()

    async def later(self, seconds):
        """The same, so much later: a minute at least, for a terminal reports each half of one."""
        self.clock.pass_(seconds)
        await self.heard()

    async def heard(self):
        """Every terminal that has a line has said something since the clock was moved, and so waits
        for no answer from before: it would take that for news. Time goes on a little until then,
        for an idle terminal has something to say each 30 s only."""
        since_s, nudged_s = time.monotonic(), 0.0
        numbers = {till.number for till in self.terminals() if till.is_there}

        async def holds():
            nonlocal nudged_s
            live = self.server.gateway.live
            if all(n in live and live[n].heard_s > since_s for n in numbers):
                return True
            if time.monotonic() - nudged_s > NUDGE_S:
                nudged_s = time.monotonic()
                self.clock.pass_(REPORTS_S)
            return False

        await self.until(holds, f"a terminal is silent on {self.clock.date}")

    async def quiet(self):
        """Terminals that have a line have told all that they have, and then reported."""
        numbers = {till.number for till in self.terminals() if till.is_there}
        await self.until(lambda: self.has_taps(numbers), "taps are missing")
        await self.later(60)  # whoever told records then
        await self.later(60)  # reports now

        async def holds():
            rows = await asyncio.to_thread(self.server.gateway.store.terminals.all)
            told = [row["report"] for row in rows if row["number"] in numbers]
            return all(
                one["utc_s"] >= self.clock.utc_s and not one["queue"] and not one["grey"]
                for one in told
            )

        await self.until(holds, "terminals have more to say")

    async def has_taps(self, numbers):
        """Is each tap of these terminals here that a screen said yes to?"""
        wanted = sum(n for (number, _, _), n in self.truth.taps.items() if number in numbers)
        return sum([await self.count(number) for number in numbers]) >= wanted

    async def count(self, number):
        """How many taps a terminal has told of that were accepted, up to the first that is grey:
        who asks again is told only what is new."""
        serial, count = self._counted[number]
        for row in await asyncio.to_thread(self.office.records, number, serial):
            if row[2] == record.INTENT:
                break
            serial, count = row[0], count + is_taken(row)
        self._counted[number] = serial, count
        return count

    async def records(self, number):
        """[serial, type, outcome, reason, utc_s, card, fen] of all taps that were accepted."""
        rows = await asyncio.to_thread(self.office.records, number)
        return [row for row in rows if is_taken(row)]

    async def buys(self, person, till, fen):
        """Somebody pays; the screen is the truth. -> did they?"""
        if person.has_phone:
            paid = await till.scan(await self.code(person), fen)
        else:
            paid = await till.pay(person.body, fen)
        if paid:
            self.truth.paid(till.number, till.merchant, person.card, fen)
        return paid

    async def passes(self, person, gate):
        """Somebody goes through a gate, or is not let."""
        if person.has_phone:
            passed = await gate.read(await self.code(person))
        else:
            passed = await gate.present(person.body)
        if passed:
            self.truth.passed(gate.number, person.card)
        return passed

    async def code(self, person):
        """Their phone shows a new one; each day it has to be allowed to first."""
        if person.renewed != self.clock.date:
            await asyncio.to_thread(person.body.renew, self.office)
            person.renewed = self.clock.date
        return await asyncio.to_thread(person.body.show)

    def named(self, kind):
        """Everybody of a kind who is there."""
        return [one for one in self.people if one.kind == kind and not one.has_left]

    def sheet(self, name, head, rows, encoding="gbk"):
        """A file as offices send them. -> its path"""
        out = io.StringIO(newline="")
        csv.writer(out).writerows([head, *rows])
        path = self.folder / name
        path.write_bytes(out.getvalue().encode(encoding))
        return path


def is_taken(row):
    """Is this record, as the API tells it, a tap that was accepted?"""
    return row[1] in TAKEN and row[2] == record.DONE
