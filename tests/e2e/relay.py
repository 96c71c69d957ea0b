"""Relays that freeze: what a server says comes through up to a byte, and from then on nothing, over connections that stay open."""
import asyncio
import math
import socket
import struct
import threading
import time

PIECE, BUFFER = 16384, 32768  # with a rate: of a read, and of the kernel for each connection to upstream


class Relay:
    """One place to connect to. Of what comes from upstream the first `through` bytes, of all connections together, are let through.

    `passed` and `held` count what came through and what did not. With a `rate`, that many bytes a second come through, of all
    connections together, and upstream is little ahead of that. A connection beyond `most` is reset, and counted in `reset`; `active`
    counts the others."""

    def __init__(self, upstream, through, rate=None, most=math.inf):
        self.upstream = upstream
        self.left = through
        self.rate = rate
        self.most = most
        self.passed = 0
        self.held = 0
        self.active = 0
        self.reset = 0
        self.free_at = 0.0  # when the next bytes may come through

    async def serve(self, reader, writer):
        if self.active >= self.most:
            self.reset += 1
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return
        self.active += 1
        try:
            await self._relay(reader, writer)
        finally:
            self.active -= 1

    async def _relay(self, reader, writer):
        try:
            there, out = await self._connect()
            try:
                back = asyncio.ensure_future(self._back(there, writer))
                try:
                    await self._forth(reader, out)
                finally:
                    back.cancel()
            finally:
                out.close()
        except (OSError, asyncio.CancelledError):  # the latter by stop()
            pass
        finally:
            writer.close()

    async def _connect(self):
        if self.rate is None:
            return await asyncio.open_connection("127.0.0.1", self.upstream)
        there = socket.socket()
        there.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        there.setblocking(False)
        await asyncio.get_running_loop().sock_connect(there, ("127.0.0.1", self.upstream))
        return await asyncio.open_connection(sock=there, limit=PIECE)

    @staticmethod
    async def _forth(reader, out):
        while piece := await reader.read(65536):
            out.write(piece)
            await out.drain()

    async def _back(self, there, writer):
        try:
            while piece := await there.read(PIECE if self.rate else 65536):
                await self._pace(len(piece))
                let = piece[:self.left]
                self.left -= len(let)
                self.passed += len(let)
                self.held += len(piece) - len(let)
                writer.write(let)
                if len(let) < len(piece):
                    return  # silent from here on: the client must be the one that goes
                await writer.drain()
        except OSError:
            pass  # one of the two is gone
        if self.left > 0:
            writer.close()

    async def _pace(self, count):
        if self.rate:
            now = time.monotonic()
            begin = max(now, self.free_at)
            self.free_at = begin + count / self.rate
            await asyncio.sleep(begin - now)


class Relays:
    """Many of them, all served by one thread. They listen until stop()."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def add(self, upstream, through, **options):
        """A relay, with its `port`."""
        relay = Relay(upstream, through, **options)
        listening = asyncio.run_coroutine_threadsafe(asyncio.start_server(relay.serve, "127.0.0.1", 0), self.loop)
        relay.server = listening.result(20)
        relay.port = relay.server.sockets[0].getsockname()[1]
        return relay

    def remove(self, relay):
        self.loop.call_soon_threadsafe(relay.server.close)

    def stop(self):
        """Ends what is still connected, too."""
        asyncio.run_coroutine_threadsafe(self._end(), self.loop).result(20)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(20)
        self.loop.close()

    @staticmethod
    async def _end():
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
