"""The programmable logic controller of a fixture, which exists only in the computer: pymodbus' own server."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pymodbus.server import ModbusTcpServer


class SimulatedPlc:
    """Serves eight holding registers over Modbus TCP, in a thread of its own, until it is closed."""

    def __init__(self, port: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._server: ModbusTcpServer | None = None
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(port,), name="PLC", daemon=True)
        self._thread.start()
        if not self._listening.wait(10) or self._server is None:
            raise ConnectionError(f"the simulated PLC does not come up on port {port}")

    def is_up(self) -> bool:
        """Whether it answers."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Switches it off."""
        if self._server is not None:
            asyncio.run_coroutine_threadsafe(self._server.shutdown(), self._loop).result(10)
        self._thread.join(10)
        self._loop.close()

    def _serve(self, port: int) -> None:
        self._loop.run_until_complete(self._listen(port))

    async def _listen(self, port: int) -> None:
        from pymodbus.server import ModbusTcpServer
        from pymodbus.simulator import DataType, SimData, SimDevice

        registers = SimData(0, count=8, values=0, datatype=DataType.REGISTERS)
        server = ModbusTcpServer(SimDevice(1, [registers]), address=("127.0.0.1", port))
        if await server.listen():
            self._server = server
        self._listening.set()
        await server.serving
