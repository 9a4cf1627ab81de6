#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The core of sfi-board's L462 and what surrounds it: exceptions, SysTick,
timers, watchdog, resets, clocks, time that skips, snapshots, requests.

    test_core.py SFI_BOARD
"""

import os
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from board import Board, N, Refused, firmware

OPTIONS = [0xffeff8aa, 0xffffffff, 0, 0xff00ffff, 0xff00ffff]
program = None


class Core(unittest.TestCase):
    def setUp(self):
        self.b = Board(program)

    def tearDown(self):
        self.b.close()

    def boot(self, source, seconds=5.0):
        self.b.load(self.b.flash, firmware(source))
        self.b.power()
        return self.b.run(seconds)

    def results(self, count):
        return list(self.b.words(0x20001000, count))

    def test_hard_fault(self):
        """A fault has its frame, its cause and its address."""
        self.boot("void hard_fault(void) { result[0] = REG(0xe000ed28);"
                  " result[1] = REG(0xe000ed38); result[2] = REG(0xe000ed2c);"
                  " for (;;) ; }"
                  "int main(void) { REG(0x60000000); return 0; }")
        self.assertEqual(self.results(3), [0x8200, 0x60000000, 0x40000000])

    def test_undefined(self):
        self.boot("void hard_fault(void) { result[0] = REG(0xe000ed28);"
                  " for (;;) ; } int main(void) { asm volatile(\"udf\");"
                  " return 0; }")
        self.assertEqual(self.results(1), [0x10000])

    def test_lockup(self):
        """Without a vector, or within HardFault; NRST helps."""
        run = self.boot("int main(void) { kept[0]++; REG(0x60000000);"
                        " return 0; }")
        self.assertEqual(run.end, N.END_LOCKUP)
        run = self.boot("void hard_fault(void) { asm volatile(\"udf\"); }"
                        "int main(void) { asm volatile(\"udf\"); return 0; }")
        self.assertEqual(run.end, N.END_LOCKUP)
        self.b.nrst()
        self.assertEqual(self.b.run(1).resets, 1)

    def test_bad_vectors(self):
        for name, vectors in {"erased": (0xffffffff, 0xffffffff),
                              "even": (0x20008000, 0x08000100),
                              "nowhere": (0x20008000, 0x70000001)}.items():
            with self.subTest(name):
                self.b.load(self.b.flash, struct.pack("<2I", *vectors))
                self.b.power()
                self.assertIn(self.b.run(1).end,
                              (N.END_LOCKUP, N.END_IDLE))

    def test_svc_and_return(self):
        """Registers and flags come back; the handler has its number."""
        self.boot("void svc(void) { uint32_t n;"
                  " asm volatile(\"mrs %0, ipsr\" : \"=r\"(n)); result[0] = n;"
                  " asm volatile(\"movs r0, #0\" ::: \"r0\", \"cc\"); }"
                  "int main(void) { register uint32_t a asm(\"r0\") = 5;"
                  " asm volatile(\"svc 3\" : \"+r\"(a)); result[1] = a;"
                  " asm volatile(\"mrs %0, ipsr\" : \"=r\"(a));"
                  " result[2] = a; return 0; }")
        self.assertEqual(self.results(3), [11, 5, 0])

    def test_process_stack(self):
        self.boot("static uint32_t stack[64];"
                  "void svc(void) { uint32_t n;"
                  " asm volatile(\"mrs %0, psp\" : \"=r\"(n)); result[0] = n -"
                  " (uint32_t)stack; }"
                  "int main(void) { asm volatile(\"msr psp, %0; movs r0, #2;"
                  " msr control, r0; isb; svc 0; movs r0, #0;"
                  " msr control, r0; isb\" :: \"r\"(stack + 64) : \"r0\");"
                  " result[1] = 1; return 0; }")
        self.assertEqual(self.results(2), [256 - 32, 1])

    def test_sys_tick(self):
        """Once a period, in WFI too; not while PRIMASK is set."""
        self.boot("static volatile uint32_t n; void sys_tick(void) { n++; }"
                  "int main(void) { SYST_RVR = 3999; SYST_CVR = 0;"
                  " SYST_CSR = 7; while (n < 10) asm volatile(\"wfi\");"
                  " asm volatile(\"cpsid i\"); result[0] = n;"
                  " for (volatile int i = 0; i < 9000; i++) ;"
                  " result[1] = n; asm volatile(\"cpsie i; isb\");"
                  " result[2] = n; SYST_CSR = 0; return 0; }")
        self.assertEqual(self.results(3), [10, 10, 11])

    def test_priorities(self):
        """A higher one interrupts a lower one, not the other way."""
        self.boot("void svc(void) { result[0] = 1; REG(0xe000ed04) = 1 << 28;"
                  " asm volatile(\"isb\"); result[1] = result[0]; }"
                  "void pend_sv(void) { result[0] = 2; REG(0xe000ed04) ="
                  " 1u << 31; asm volatile(\"isb\"); result[2] = result[0]; }"
                  "void nmi(void) { result[0] = 3; }"
                  "int main(void) { REG(0xe000ed20) = 0xf0 << 16;"
                  " asm volatile(\"svc 0\"); return 0; }")
        self.assertEqual(self.results(3), [3, 1, 3])

    def test_timer(self):
        self.boot("static volatile uint32_t n; void tim2(void) {"
                  " REG(0x40000010) = 0; n++; }"
                  "int main(void) { RCC_APB1ENR1 |= 1; REG(0x40000028) = 3;"
                  " REG(0x4000002c) = 999; REG(0x40000014) = 1;"
                  " REG(0x40000010) = 0; REG(0x4000000c) = 1;"
                  " REG(0xe000e100) = 1 << 28; REG(0x40000000) = 1;"
                  " while (n < 5) ; result[0] = n; REG(0x40000000) = 0;"
                  " result[1] = REG(0x40000024); return 0; }")
        n, count = self.results(2)
        self.assertEqual(n, 5)
        self.assertLess(count, 100)

    def test_clock_gate(self):
        """Without its clock a peripheral reads as zero and keeps nothing."""
        self.boot("int main(void) { REG(0x4000002c) = 5;"
                  " result[0] = REG(0x4000002c); RCC_APB1ENR1 |= 1;"
                  " result[1] = REG(0x4000002c); REG(0x4000002c) = 5;"
                  " result[2] = REG(0x4000002c); REG(0x40021038) = 1;"
                  " REG(0x40021038) = 0; result[3] = REG(0x4000002c);"
                  " return 0; }")
        self.assertEqual(self.results(4), [0, 0xffffffff, 5, 0xffffffff])

    def test_clocks(self):
        """SysTick at MSI, at HSI and at the PLL's 80 MHz."""
        measure = ("RCC_APB1ENR1 |= 1; SYST_RVR = 0xffffff; SYST_CSR = 5;"
                   "SYST_CVR = 0; for (volatile int i = 0; i < 1000; i++) ;"
                   "result[%d] = 0xffffff - SYST_CVR;")
        run = self.boot(
            "int main(void) { " + measure % 0 +
            " RCC_CR |= 1 << 8; while (!(RCC_CR & 1 << 10)) ; RCC_CFGR = 1;"
            " while ((RCC_CFGR & 12) != 4) ; " + measure % 1 +
            " FLASH_ACR = 4; RCC_PLLCFGR = 2 | 10 << 8 | 1 << 24;"
            " RCC_CR |= 1 << 24; while (!(RCC_CR & 1 << 25)) ; RCC_CFGR = 3;"
            + measure % 2 + " return 0; }")
        self.assertEqual(run.end, N.END_IDLE)
        first, second, third = self.results(3)
        self.assertAlmostEqual(first, second, delta=20)
        self.assertAlmostEqual(first, third, delta=20)

    def test_wait_states(self):
        """Too few for the clock: the core reads nonsense."""
        run = self.boot("int main(void) { RCC_CR |= 1 << 8; RCC_PLLCFGR = 2 |"
                        " 10 << 8 | 1 << 24; RCC_CR |= 1 << 24; RCC_CFGR = 3;"
                        " return 0; }")
        self.assertEqual(run.end, N.END_LOCKUP)

    def test_watchdog(self):
        """Fed it lets run; not fed it resets, and its flag says so."""
        code = ("int main(void) { if (RCC_CSR & 1 << 29) { result[0]++;"
                " RCC_CSR = 1 << 23; } IWDG_KR = 0xcccc; IWDG_KR = 0x5555;"
                " IWDG_PR = 4; IWDG_RLR = 999; IWDG_KR = 0xaaaa; %s }")
        self.boot("int main(void) { result[0] = 0; return 0; }")
        self.b.load(self.b.flash, firmware(code % "return 0;"))
        self.b.nrst()
        run = self.b.run(60, until_idle=False)
        self.assertEqual((run.end, run.resets), (N.END_LIMIT, 1))
        self.b.load(self.b.flash, firmware(code % "for (;;) ;"))
        self.b.nrst()
        run = self.b.run(10, until_idle=False)
        self.assertEqual(run.resets, 1 + 4)  # 2 s each, the first with 512 ms
        self.assertEqual(self.results(1), [4])

    def test_reset_causes(self):
        self.boot("int main(void) { uint32_t c = RCC_CSR; RCC_CSR = 1 << 23;"
                  " if (c & 1 << 27) kept[0] = 0; result[kept[0]] = c >> 24;"
                  " if (kept[0]++ == 0) SCB_AIRCR = 0x05fa0004; return 0; }")
        self.b.nrst()
        self.b.run(1)
        self.assertEqual(self.results(3), [0x0c, 0x14, 0x04])
        self.assertEqual(self.b.state().resets, 2)

    def test_idle_and_wait(self):
        """A core that only polls costs no time, and sees time pass."""
        begin = time.monotonic()
        run = self.boot("static volatile uint32_t ms;"
                        "void sys_tick(void) { }"
                        "int main(void) { RCC_APB1ENR1 |= 1;"
                        " REG(0x40000028) = 3999; REG(0x4000002c) = ~0u;"
                        " REG(0x40000014) = 1; REG(0x40000000) = 1;"
                        " for (;;) { IWDG_KR = 0xaaaa;"
                        " result[0] = REG(0x40000024); } }")
        self.assertEqual(run.end, N.END_IDLE)
        self.assertLess(run.ns, 10e6)
        run = self.b.run(1000, until_idle=False)
        self.assertEqual(run.end, N.END_LIMIT)
        self.assertAlmostEqual(run.ns / 1e9, 1000, delta=1)
        self.assertAlmostEqual(self.results(1)[0] / 1000, 1000, delta=1)
        self.assertLess(time.monotonic() - begin, 20)

    def test_several_polls(self):
        """A loop that polls more than a USART is not overrun by skips."""
        self.boot(
            "#define U(o) REG(0x40013800 + (o))\n"
            "int main(void) { RCC_CR |= 1 << 8; RCC_CFGR = 1; RCC_AHB2ENR |= 1;"
            " RCC_APB2ENR |= 1 << 14 | 1 << 12;"
            " REG(0x48000000) = (0xabffffff & ~(15 << 18)) | 10 << 18;"
            " REG(0x48000024) = 7 << 4 | 7 << 8; U(12) = 139;"
            " U(0) = 1 << 12 | 1 << 10 | 1 << 3 | 1 << 2 | 1;"
            " for (;;) { IWDG_KR = 0xaaaa; (void)REG(0x40013008);"
            " (void)REG(0x48000010); if (U(0x1c) & 15) result[0] = 1;"
            " if (U(0x1c) & 1 << 5) U(0x28) = U(0x24) ^ 1; } }")
        data = bytes(range(256)) * 4
        run = self.b.usart(data)
        self.assertEqual(run.data, bytes(x ^ 1 for x in data))
        self.assertEqual(run.end, N.END_IDLE)

    def test_late_answer(self):
        """What comes in a run is there for the link's next request."""
        self.boot(
            "#define U(o) REG(0x40013800 + (o))\n"
            "int main(void) { RCC_CR |= 1 << 8; RCC_CFGR = 1; RCC_AHB2ENR |= 1;"
            " RCC_APB2ENR |= 1 << 14;"
            " REG(0x48000000) = (0xabffffff & ~(15 << 18)) | 10 << 18;"
            " REG(0x48000024) = 7 << 4 | 7 << 8; U(12) = 139;"
            " U(0) = 1 << 12 | 1 << 10 | 1 << 3 | 1 << 2 | 1;"
            " for (;;) { while (!(U(0x1c) & 1 << 5)) ; uint32_t c = U(0x24);"
            " for (volatile int i = 0; i < 100000; i++) ; U(0x28) = c; } }")
        self.assertEqual(self.b.usart(b"x", limit=0.001).data, b"")
        self.b.run(1)
        self.assertEqual(self.b.usart(b"", limit=1e-9).data, b"x")

    def test_parked(self):
        """A branch to itself and WFI are idle as well."""
        for stop in ("for (;;) ;", "for (;;) asm volatile(\"wfi\");"):
            run = self.boot("int main(void) { %s return 0; }" % stop)
            self.assertEqual(run.end, N.END_IDLE)
            self.assertEqual(self.b.run(3, until_idle=False).end, N.END_LIMIT)

    def test_ram(self):
        """SRAM2 in both its places; lost with the power, kept in a reset."""
        self.boot("int main(void) { result[0] = kept[0]; kept[0] = 0x12345678;"
                  " REG(0x10000100) = 77; result[1] = REG(0x20020100);"
                  " return 0; }")
        self.assertNotEqual(self.results(1), [0x12345678])
        self.b.nrst()
        self.b.run(1)
        self.assertEqual(self.results(2), [0x12345678, 77])
        self.b.power()
        self.b.run(1)
        self.assertNotEqual(self.results(1), [0x12345678])

    def test_changed_code(self):
        """Code that is programmed over, and code in RAM, runs as it is."""
        self.boot("typedef uint32_t (*fn)(void);"
                  "int main(void) { unlock(); fn f = (fn)0x08032001;"
                  " program(0x08032000, 0x47702001, 0); result[0] = f();"
                  " erase(100); program(0x08032000, 0x47702002, 0);"
                  " result[1] = f(); REG(0x20004000) = 0x47702003;"
                  " fn g = (fn)0x20004001; result[2] = g();"
                  " REG(0x20004000) = 0x47702004; asm volatile(\"isb\");"
                  " result[3] = g(); return 0; }")
        self.assertEqual(self.results(4), [1, 2, 3, 4])

    def test_boot0(self):
        """High: ST's bootloader, which is not there; low: the flash."""
        self.b.load(self.b.flash, firmware(
            "int main(void) { result[0] = 9; return 0; }"))
        self.b.pin(N.PORT_BOOT0, 0, N.LEVEL_HIGH)
        self.b.power()
        self.assertEqual(self.b.run(1).end, N.END_IDLE)
        self.assertEqual(self.b.state().at, N.AT_SYSTEM)
        self.b.pin(N.PORT_BOOT0, 0, N.LEVEL_LOW)
        self.b.nrst()
        self.b.run(1)
        self.assertEqual(self.results(1), [9])

    def test_firmware_is_seen(self):
        self.b.load(self.b.flash, firmware(
            "int main(void) { SCB_VTOR = 0x08001000; return 0; }"))
        self.b.power()
        self.b.run(1)
        self.assertEqual(self.b.state().at, N.AT_FIRMWARE)

    def test_snapshot(self):
        """All of the part, its time and its code."""
        self.boot("int main(void) { unlock(); for (uint32_t i = 0;; i++) {"
                  " result[0] = i; program(0x08032000 + i % 100 * 8, i, i);"
                  " FLASH_SR = 0xffff; } }", 0.005)
        self.b.snapshot(3)
        before = self.b.state(), self.results(1), self.b.peek(0x08032000, 999)
        ends = []
        for _ in range(3):
            self.b.run(0.003)
            ends.append((self.b.state(), self.results(1),
                         self.b.peek(0x08032000, 999)))
            self.b.restore(3)
            self.assertEqual(before, (self.b.state(), self.results(1),
                                      self.b.peek(0x08032000, 999)))
        self.assertNotEqual(before, ends[0])
        self.assertEqual(ends[0], ends[1])
        self.assertEqual(ends[0], ends[2])
        with self.assertRaises(Refused):
            self.b.restore(4)
        begin = time.monotonic()
        for _ in range(100):
            self.b.cut(0)
            self.b.run(1)
            self.b.restore(3)
        self.assertLess(time.monotonic() - begin, 10)

    def test_file(self):
        """What was done is in the file, without a farewell."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "board")
            b = Board(program, path=path)
            self.assertTrue(b.is_new)
            b.load(b.flash, firmware("int main(void) { unlock();"
                                     " program(0x08032000, 1, 2);"
                                     " return 0; }"))
            b.inject(N.FAULT_ECC_DOUBLE, 0x08040000)
            b.power()
            b.run(1)
            b.program.kill()
            b.close()
            b = Board(program, path=path)
            self.assertFalse(b.is_new)
            self.assertEqual(b.words(0x08032000, 2), (1, 2))
            b.close()
            os.truncate(path, 5000)
            with self.assertRaises(Refused) as e:
                Board(program, path=path)
            self.assertIn("another length", str(e.exception))

    def test_bad_requests(self):
        b = self.b
        for number in range(256):
            if number in (N.SNAPSHOT, N.RESTORE, N.HELLO):
                continue
            for data in (b"", b"\xff", b"\xff" * 7, b"\xff" * 40):
                try:
                    b.ask(number, data)
                except Refused as e:
                    self.assertIn(e.status, (N.BAD_REQUEST, N.NO_POWER))
        with self.assertRaises(Refused):
            b.ask(N.HELLO, b"")
        with self.assertRaises(Refused):
            Board(program, part="stm32f103c8")
        with self.assertRaises(Refused):
            b.peek(0x0807fffc, 8)


def is_alive(pid):
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


class Parent(unittest.TestCase):
    """The process that started a board is killed, in the middle of a run that
    would take hours."""
    LIMIT = 1e8

    def killed(self, words):
        parent = subprocess.Popen(
            [sys.executable, __file__, words, program],
            stdout=subprocess.PIPE, text=True)
        pid = int(parent.stdout.readline())
        self.assertTrue(is_alive(pid))
        time.sleep(0.2)  # for it to run
        parent.kill()
        parent.communicate()
        end = time.monotonic() + 60
        while is_alive(pid) and time.monotonic() < end:
            time.sleep(0.01)
        alive = is_alive(pid)
        if alive:
            os.kill(pid, signal.SIGKILL)
        self.assertFalse(alive)

    @unittest.skipUnless(sys.platform == "linux", "needs /proc")
    def test_killed(self):
        self.killed("busy")

    @unittest.skipUnless(sys.platform == "linux", "needs /proc")
    def test_killed_idle(self):
        self.killed("idle")

    def test_thread_ends(self):
        """... but not when only the thread that started it ends."""
        boards = []
        thread = threading.Thread(target=lambda: boards.append(Board(program)))
        thread.start()
        thread.join()
        with boards[0] as b:
            b.load(b.flash, firmware("int main(void) { result[0] = 5;"
                                     " return 0; }"))
            b.power()
            b.run(1.0)
            self.assertEqual(b.word(0x20001000), 5)


def run_for_ever(words):
    """The parent of class Parent."""
    with Board(program) as b:
        b.load(b.flash, firmware(
            "int main(void) { for (;;) result[0]++; }"))
        b.power()
        print(b.program.pid, flush=True)
        if words == "busy":
            b.run(Parent.LIMIT)
        time.sleep(600)


class Speed(unittest.TestCase):
    def test_speed(self):
        """Far above 5 10^7 instructions a second; see the figure it prints."""
        with Board(program) as b:
            b.load(b.flash, firmware(
                "int main(void) { uint32_t a = 1, i; for (i = 0;"
                " i < 20000000; i++) a = a * 1664525 + 1013904223;"
                " result[0] = a; return 0; }"))
            b.power()
            begin = time.monotonic()
            self.assertEqual(b.run(100).end, N.END_IDLE)
            passed = time.monotonic() - begin
        print(f"{4 * 20 / passed:.0f} million instructions a second")
        self.assertGreater(4 * 20 / passed, 10)  # a loaded machine


if __name__ == "__main__":
    program = sys.argv.pop()
    if sys.argv[1:] in (["busy"], ["idle"]):
        run_for_ever(sys.argv[1])
    unittest.main()
