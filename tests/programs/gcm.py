# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""AES-128-GCM (NIST SP 800-38D) in plain Python: a second opinion."""


def _boxes():
    """The S-box of FIPS 197, from its definition."""
    power, log, x = [0] * 256, [0] * 256, 1
    for i in range(255):
        power[i], log[x] = x, i
        x ^= (x << 1) ^ (0x11B if x & 0x80 else 0)
        x &= 0xFF
    box = []
    for value in range(256):
        inverse = power[(255 - log[value]) % 255] if value else 0
        out = 0x63
        for shift in range(5):
            out ^= (inverse << shift | inverse >> (8 - shift)) & 0xFF
        box.append(out)
    return box


SBOX = _boxes()


def _double(x):
    return (x << 1 ^ (0x1B if x & 0x80 else 0)) & 0xFF


def _schedule(key):
    words, rcon = [list(key[i:i + 4]) for i in range(0, 16, 4)], 1
    for i in range(4, 44):
        word = list(words[-1])
        if i % 4 == 0:
            word = [SBOX[b] for b in word[1:] + word[:1]]
            word[0] ^= rcon
            rcon = _double(rcon)
        words.append([a ^ b for a, b in zip(words[i - 4], word)])
    return [sum(words[i:i + 4], []) for i in range(0, 44, 4)]


def _mix(column):
    total = column[0] ^ column[1] ^ column[2] ^ column[3]
    return [c ^ total ^ _double(c ^ column[(i + 1) % 4])
            for i, c in enumerate(column)]


class AesGcm:
    def __init__(self, key):
        self.rounds = _schedule(key)
        self.h = int.from_bytes(self.block(bytes(16)), "big")

    def block(self, data):
        state = [a ^ b for a, b in zip(data, self.rounds[0])]
        for n, key in enumerate(self.rounds[1:], 1):
            state = [SBOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
            if n < 10:
                state = sum((_mix(state[i:i + 4]) for i in range(0, 16, 4)),
                            [])
            state = [a ^ b for a, b in zip(state, key)]
        return bytes(state)

    def _multiply(self, x):
        product, v = 0, self.h
        for i in range(127, -1, -1):
            if x >> i & 1:
                product ^= v
            v = v >> 1 ^ (0xE1 << 120 if v & 1 else 0)
        return product

    def _ghash(self, aad, text):
        y = 0
        for part in (aad, text):
            for i in range(0, len(part), 16):
                block = part[i:i + 16].ljust(16, b"\0")
                y = self._multiply(y ^ int.from_bytes(block, "big"))
        return self._multiply(y ^ (len(aad) * 8 << 64 | len(text) * 8))

    def crypt(self, iv, text):
        out = bytearray()
        for n, i in enumerate(range(0, len(text), 16), 2):
            stream = self.block(iv + n.to_bytes(4, "big"))
            out += bytes(a ^ b for a, b in zip(text[i:i + 16], stream))
        return bytes(out)

    def tag(self, iv, aad, ciphertext):
        mask = int.from_bytes(self.block(iv + b"\0\0\0\1"), "big")
        return (self._ghash(aad, ciphertext) ^ mask).to_bytes(16, "big")

    def seal(self, iv, aad, text):
        ciphertext = self.crypt(iv, text)
        return ciphertext, self.tag(iv, aad, ciphertext)


def self_test():
    """Test case 4 of the GCM specification (McGrew and Viega)."""
    gcm = AesGcm(bytes.fromhex("feffe9928665731c6d6a8f9467308308"))
    text = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")
    aad = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    ciphertext, tag = gcm.seal(bytes.fromhex("cafebabefacedbaddecaf888"),
                               aad, text)
    assert tag.hex() == "5bc94fbc3221a5db94fae95ae7121a47", tag.hex()
    assert ciphertext.hex().startswith("42831ec2217774244b7221b784d0d49c")
    assert ciphertext.hex().endswith("3d58e091")


self_test()
