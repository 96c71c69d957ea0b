"""Relays that freeze: what a server says comes through up to a byte, and from then on nothing, over connections that stay open."""
import asyncio
import threading


class Relay:
    """One place to connect to. Of what comes from upstream the first `through` bytes, of all connections together, are let through.

    `passed` and `held` count what came through and what did not."""

    def __init__(self, upstream, through):
        self.upstream = upstream
        self.left = through
        self.passed = 0
        self.held = 0

    async def serve(self, reader, writer):
        try:
            there, out = await asyncio.open_connection("127.0.0.1", self.upstream)
            try:
                back = asyncio.ensure_future(self._back(there, writer))
                await self._forth(reader, out)
                back.cancel()
            finally:
                out.close()
        except (OSError, asyncio.CancelledError):  # the latter by stop()
            pass
        finally:
            writer.close()

    @staticmethod
    async def _forth(reader, out):
        while piece := await reader.read(65536):
            out.write(piece)
            await out.drain()

    async def _back(self, there, writer):
        while piece := await there.read(65536):
            let = piece[:self.left]
            self.left -= len(let)
            self.passed += len(let)
            self.held += len(piece) - len(let)
            writer.write(let)
            if len(let) < len(piece):
                return  # silent from here on: the client must be the one that goes
        if self.left > 0:
            writer.close()


class Relays:
    """Many of them, all served by one thread. They listen until stop()."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def add(self, upstream, through):
        """A relay, with its `port`."""
        relay = Relay(upstream, through)
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
