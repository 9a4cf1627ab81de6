# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Links: those of libsfi, and those of a program over a virtual chip."""
from __future__ import annotations

import gc
import socket
import threading
import weakref
from typing import Any, List, Sequence

import bench
import kit
from bench import BenchCase
from kit import sfi

from sfi import Status, sim


class Stream(sfi.StreamLink):
    """The USART of a virtual chip."""

    def __init__(self, chip: sim.Simulator) -> None:
        self.chip = chip
        self.answer = b""
        self.sent: List[bytes] = []
        self.resets: List[bool] = []
        self.closes = 0

    def read(self, size: int, timeout: float) -> bytes:
        if not self.answer:
            self.answer = self.chip.usart()
        if not self.answer:
            self.chip.wait(timeout)
            self.answer = self.chip.usart()
        taken, self.answer = self.answer[:size], self.answer[size:]
        return taken

    def write(self, data: bytes, timeout: float) -> None:
        self.sent.append(data)
        self.answer += self.chip.usart(data)

    def flush(self) -> None:
        self.chip.usart()
        self.answer = b""

    def reset(self, into_boot: bool) -> None:
        self.resets.append(into_boot)
        self.chip.set_boot0(into_boot)
        self.chip.power_on()

    def close(self) -> None:
        self.closes += 1


class Spi(sfi.SpiLink):
    def __init__(self, chip: sim.Simulator) -> None:
        self.chip = chip

    def select(self, asserted: bool) -> None:
        pass

    def transfer(self, data: bytes) -> bytes:
        return self.chip.spi(data)

    def reset(self, into_boot: bool) -> None:
        self.chip.set_boot0(into_boot)
        self.chip.power_on()


class Usb(sfi.UsbLink):
    def __init__(self, chip: sim.Simulator) -> None:
        self.chip = chip
        chip.usb_attach()

    def control_in(self, request_type: int, request: int, value: int,
                   index: int, size: int, timeout: float) -> bytes:
        return self.chip.usb_control(request_type, request, value, index,
                                     size)

    def control_out(self, request_type: int, request: int, value: int,
                    index: int, data: bytes, timeout: float) -> int:
        return len(self.chip.usb_control(request_type, request, value, index,
                                         data))

    def reopen(self, timeout: float) -> None:
        self.chip.wait(0.1)
        self.chip.usb_attach()

    def reset(self, into_boot: bool) -> None:
        self.chip.set_boot0(into_boot)
        self.chip.power_on()


class Memory(sfi.MemoryLink):
    """Words of a memory that is not a chip's."""

    def __init__(self) -> None:
        self.words = {0x5c001000: 0x20036450, 0xe00e1000: 0x20036450}
        self.asked: List[int] = []
        self.wrong: Any = None

    def read32(self, address: int, count: int) -> Sequence[int]:
        self.asked.append(address)
        if self.wrong is not None:
            return [0] * self.wrong
        return [self.words.get(address + 4 * i, 0) for i in range(count)]

    def write32(self, address: int, words: Sequence[int]) -> None:
        for number, word in enumerate(words):
            self.words[address + 4 * number] = word


class Own(BenchCase):
    """Each kind, over a virtual chip in a context of its own."""

    def setUp(self) -> None:
        super().setUp()
        self.other = sfi.Context()
        self.addCleanup(self.other.close)
        self.chip = sim.Simulator(self.new_chip(), context=self.other)

    def test_stream(self) -> None:
        link = Stream(self.chip)
        with sfi.Transport.over(link) as transport:
            with sfi.Target.connect(transport) as target:
                self.assertEqual(target.info().device_id, 0x450)
                target.activate_security()
                self.assertTrue(target.info().secure)
        self.assertTrue(link.resets)
        self.assertEqual(link.closes, 1)

    def test_spi(self) -> None:
        target = sfi.Target.connect(sfi.Transport.over(Spi(self.chip)))
        self.assertEqual(target.chip.name, bench.CHIP)
        self.assertEqual(len(target.read(bench.BASE, 300)), 300)

    def test_usb(self) -> None:
        target = sfi.Target.connect(sfi.Transport.over(Usb(self.chip)))
        self.assertEqual(target.chip.name, bench.CHIP)
        target.activate_security()
        self.assertTrue(target.info().secure)

    def test_memory(self) -> None:
        link = Memory()
        try:
            sfi.Target.connect(sfi.Transport.over(link), timeout=0.2)
        except sfi.Error:
            pass
        self.assertTrue(link.asked)

    def test_a_wrong_number_of_words(self) -> None:
        link = Memory()
        link.wrong = 7
        with self.assertRaisesRegex(sfi.UsageError, "returned 7 words"):
            sfi.Target.connect(sfi.Transport.over(link), timeout=0.2)

    def test_too_many_bytes(self) -> None:
        class Big(Stream):
            def read(self, size: int, timeout: float) -> bytes:
                return bytes(size + 1)

        with self.assertRaisesRegex(sfi.UsageError, r"read\(\) returned"):
            sfi.Target.connect(sfi.Transport.over(Big(self.chip)))

    def test_without_a_reset_line(self) -> None:
        class Plain(Stream):
            reset = sfi.StreamLink.reset  # type: ignore[assignment]

        target = sfi.Target.connect(sfi.Transport.over(Plain(self.chip)))
        self.assert_fails(sfi.Unsupported, Status.UNSUPPORTED, target.reset)

    def test_speeds(self) -> None:
        choices: List[int] = []

        class Fast(Stream):
            def set_speed(self, choice: int) -> Any:
                choices.append(choice)
                return (115200, 1) if choice == 0 else (9600, 0)

        sfi.Target.connect(sfi.Transport.over(Fast(self.chip)))
        self.assertEqual(choices[0], 0)

    def test_rtt(self) -> None:
        link = Stream(self.chip)
        link.rtt = 61.0
        self.assert_fails(sfi.UsageError, Status.ARGUMENT,
                          sfi.Transport.over, link)
        link.rtt = 0.5
        sfi.Target.connect(sfi.Transport.over(link))


class Failing(BenchCase):
    """Exceptions of each method come out of the call that needed it."""

    def setUp(self) -> None:
        super().setUp()
        self.other = sfi.Context()
        self.addCleanup(self.other.close)
        self.chip = sim.Simulator(self.new_chip(), context=self.other)

    def fails_in(self, kind: Any, name: str, error: BaseException
                 ) -> BaseException:
        def method(*_: Any) -> None:
            raise error

        broken = type("Broken", (kind,), {name: method})
        with self.assertRaises(type(error)) as caught:
            with sfi.Target.connect(sfi.Transport.over(broken(self.chip)),
                                    timeout=0.5) as target:
                target.activate_security()
        return caught.exception

    def test_each_method(self) -> None:
        for kind, names in ((Stream, ("read", "write", "flush", "reset")),
                            (Spi, ("select", "transfer", "reset")),
                            (Usb, ("control_in", "control_out", "reopen"))):
            for name in names:
                with self.subTest(kind=kind, name=name):
                    error = KeyError(name)
                    self.assertIs(self.fails_in(kind, name, error), error)
                self.chip.close()
                self.chip = sim.Simulator(
                    self.new_chip(f"{kind.__name__}-{name}"),
                    context=self.other)

    def test_the_c_error_is_the_cause(self) -> None:
        error = self.fails_in(Stream, "write", ZeroDivisionError("x"))
        self.assertIsInstance(error.__cause__, sfi.Error)

    def test_base_exceptions(self) -> None:
        self.fails_in(Stream, "read", KeyboardInterrupt())
        self.fails_in(Stream, "read", SystemExit(3))

    def test_a_lost_link(self) -> None:
        error = self.fails_in(Stream, "read", sfi.NoDevice("unplugged"))
        self.assertEqual(str(error), "stream: unplugged")

    def test_timeouts_are_no_answer(self) -> None:
        class Silent(Stream):
            def read(self, size: int, timeout: float) -> bytes:
                raise TimeoutError("nothing")

        self.assert_fails(sfi.LinkTimeout, Status.TIMEOUT, sfi.Target.connect,
                          sfi.Transport.over(Silent(self.chip)), timeout=0.2)

    def test_using_the_transport_inside(self) -> None:
        seen: List[BaseException] = []

        class Curious(Stream):
            target: Any = None

            def write(self, data: bytes, timeout: float) -> None:
                if self.target is not None and not seen:
                    try:
                        self.target.info()
                    except sfi.UsageError as error:
                        seen.append(error)
                super().write(data, timeout)

        link = Curious(self.chip)
        link.target = sfi.Target.connect(sfi.Transport.over(link))
        link.target.read(bench.BASE, 4)
        self.assertEqual([e.status for e in seen],  # type: ignore
                         [Status.STATE])
        link.target.close()
        link.target = None


class Lifetime(BenchCase):
    def setUp(self) -> None:
        super().setUp()
        self.other = sfi.Context()
        self.addCleanup(self.other.close)
        self.link = Stream(sim.Simulator(self.new_chip(),
                                         context=self.other))

    def test_closed_by_the_last_user(self) -> None:
        transport = sfi.Transport.over(self.link)
        target = sfi.Target.connect(transport)
        transport.close()
        target.read(bench.BASE, 4)
        self.assertEqual(self.link.closes, 0)
        target.close()
        self.assertEqual(self.link.closes, 1)

    def test_collected_in_any_order(self) -> None:
        transport = sfi.Transport.over(self.link)
        target = sfi.Target.connect(transport)
        link = weakref.ref(self.link)
        del transport, self.link
        gc.collect()
        target.read(bench.BASE, 4)
        del target
        gc.collect()
        self.ctx.file_kind(__file__)
        self.assertIsNone(link())

    def test_exceptions_of_close(self) -> None:
        class Bad(Stream):
            def close(self) -> None:
                raise KeyError("close")

        transport = sfi.Transport.over(Bad(self.link.chip))
        caught: List[Any] = []
        import sys
        before, sys.unraisablehook = sys.unraisablehook, caught.append
        try:
            transport.close()
        finally:
            sys.unraisablehook = before
        self.assertEqual([type(c.exc_value) for c in caught], [KeyError])

    def test_not_a_link(self) -> None:
        for thing in (object(), sfi.Link()):
            with self.assertRaises(TypeError):
                sfi.Transport.over(thing)  # type: ignore[arg-type]


class Named(BenchCase):
    def test_wrong_names(self) -> None:
        self.assert_fails(sfi.Unsupported, Status.UNSUPPORTED,
                          sfi.Transport.open, "pigeon:home")
        self.assert_fails(sfi.UsageError, Status.ARGUMENT,
                          sfi.Transport.open, "serial:")
        self.assert_fails(sfi.NoDevice, Status.NO_DEVICE, sfi.Transport.open,
                          "serial:/dev/nothing")
        with self.assertRaises(sfi.UsageError):
            sfi.Transport.open("serial:\0")
        with self.assertRaises(TypeError):
            sfi.Transport()

    def test_port_words(self) -> None:
        self.assertTrue(sfi.port_name("port=/dev/ttyUSB0", "br=9600")
                        .startswith("serial:/dev/ttyUSB0?"))
        self.assertEqual(sfi.port_name("port=tcp:h:1"), "tcp:h:1")
        for words in ((), ("br=9600",), ("port=usb1", "colour=red")):
            self.assert_fails(sfi.UsageError, Status.ARGUMENT, sfi.port_name,
                              *words)

    def test_ports(self) -> None:
        kinds = sfi.port_kinds()
        self.assertEqual([kind.kind for kind in kinds],
                         ["serial", "spi", "usb", "cmsis-dap"])
        self.assertEqual(kinds[0], sfi.PortKind(
            kind="serial", feature="serial", title="Serial ports",
            none="no serial port is connected",
            remedy="join its group, often dialout"))
        for kind in kinds:
            self.assertIn(kind.feature, sfi.features())
        for port in sfi.ports():
            self.assertIn(port.kind, [kind.kind for kind in kinds])

    def test_capture_and_replay(self) -> None:
        chip = self.simulator()
        with chip.transport() as transport:
            transport.capture(self.path("trace"))
            with sfi.Target.connect(transport) as target:
                first = target.read(bench.BASE, 16)
        with sfi.Target.connect(f"script:{self.path('trace')}") as target:
            self.assertEqual(target.read(bench.BASE, 16), first)
            self.assert_fails(sfi.LinkError, Status.IO, target.read,
                              bench.BASE, 17)
        self.assert_fails(sfi.InputError, Status.FORMAT, sfi.Transport.open,
                          f"script:{self.path('x', b'no trace')}")

    def test_tcp(self) -> None:
        with sfi.Context() as other, socket.socket() as server:
            chip = sim.Simulator(self.new_chip(), context=other)
            server.bind(("127.0.0.1", 0))
            server.listen(1)
            thread = threading.Thread(target=serve, args=(server, chip))
            thread.start()
            port = server.getsockname()[1]
            with sfi.Target.connect(f"tcp:127.0.0.1:{port}",
                                    context=self.ctx) as target:
                self.assertEqual(target.device_id, 0x450)
            thread.join()


def serve(server: socket.socket, chip: sim.Simulator) -> None:
    """One client of a chip's USART."""
    peer = server.accept()[0]
    with peer:
        peer.settimeout(5)
        while True:
            data = peer.recv(4096)
            if not data:
                return
            answer = chip.usart(data)
            if answer:
                peer.sendall(answer)


class Names(BenchCase):
    def test_name_and_kind(self) -> None:
        chip = self.simulator()
        for interface, kind in (("usart", sfi.LinkKind.USART),
                                ("spi", sfi.LinkKind.SPI),
                                ("usb", sfi.LinkKind.USB),
                                ("jtag", sfi.LinkKind.MEMORY)):
            link = chip.transport(interface)
            self.assertEqual(link.kind, kind)
            self.assertTrue(link.name)


if __name__ == "__main__":
    kit.main()
