#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Licences from doc/format.md, independent of libsfi and of any crypto library.

    check_license.py open DEVICE_KEY LICENSE   print key and nonce in hexadecimal
    check_license.py check FILE                recompute the known answers
    check_license.py make > tests/kat/license.txt

P-256, AES-128, GCM and the X9.63 KDF are written out below: slow, not constant
in time, and good for nothing but checking.
"""
import hashlib
import hmac
import sys

# ---- NIST P-256 (SEC 2, 2.4.2) ----

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def on_curve(pt):
    x, y = pt
    return (y * y - (x * x * x - 3 * x + B)) % P == 0 and x < P and y < P


def add(a, b):
    if a is None:
        return b
    if b is None:
        return a
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def mul(k, pt):
    out = None
    while k:
        if k & 1:
            out = add(out, pt)
        pt = add(pt, pt)
        k >>= 1
    return out


def encode(pt):
    return pt[0].to_bytes(32, 'big') + pt[1].to_bytes(32, 'big')


def decode(data):
    pt = int.from_bytes(data[:32], 'big'), int.from_bytes(data[32:], 'big')
    if not on_curve(pt):
        raise ValueError('not a point on P-256')
    return pt


# ---- AES-128 (FIPS 197), encryption only ----

def make_sbox():
    box = [0] * 256
    p = q = 1
    while True:
        p = p ^ (p << 1 & 0xFF) ^ (0x1B if p & 0x80 else 0)
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xFF
        if q & 0x80:
            q ^= 0x09
        x = q
        for shift in range(1, 5):
            x ^= (q << shift | q >> (8 - shift)) & 0xFF
        box[p] = x ^ 0x63
        if p == 1:
            break
    box[0] = 0x63
    return box


SBOX = make_sbox()


def double(b):
    return b << 1 & 0xFF ^ (0x1B if b & 0x80 else 0)


def expand(key):
    words = [key[i:i + 4] for i in range(0, 16, 4)]
    rcon = 1
    for i in range(4, 44):
        w = words[-1]
        if i % 4 == 0:
            w = bytes(SBOX[b] for b in w[1:] + w[:1])
            w = bytes([w[0] ^ rcon]) + w[1:]
            rcon = double(rcon)
        words.append(bytes(a ^ b for a, b in zip(words[i - 4], w)))
    return [b''.join(words[i:i + 4]) for i in range(0, 44, 4)]


def aes(key, block):
    keys = expand(key)
    s = bytes(a ^ b for a, b in zip(block, keys[0]))
    for i in range(1, 11):
        s = bytes(SBOX[s[(j + 4 * (j % 4)) % 16]] for j in range(16))
        if i < 10:
            out = []
            for c in range(0, 16, 4):
                col = s[c:c + 4]
                every = col[0] ^ col[1] ^ col[2] ^ col[3]
                out += [col[j] ^ every ^ double(col[j] ^ col[(j + 1) % 4])
                        for j in range(4)]
            s = bytes(out)
        s = bytes(a ^ b for a, b in zip(s, keys[i]))
    return s


# ---- GCM (NIST SP 800-38D) with a 96-bit IV ----

def gf_mul(x, y):
    z = 0
    for i in range(127, -1, -1):
        if y >> i & 1:
            z ^= x
        x = x >> 1 ^ (0xE1 << 120 if x & 1 else 0)
    return z


def ghash(h, data):
    y = 0
    for i in range(0, len(data), 16):
        y = gf_mul(y ^ int.from_bytes(data[i:i + 16], 'big'), h)
    return y.to_bytes(16, 'big')


def padded(data):
    return data + bytes(-len(data) % 16)


def ctr(key, iv, data):
    out = b''
    for i in range(0, len(data), 16):
        stream = aes(key, iv + (2 + i // 16).to_bytes(4, 'big'))
        out += bytes(a ^ b for a, b in zip(data[i:i + 16], stream))
    return out


def gcm_tag(key, iv, aad, ct):
    h = int.from_bytes(aes(key, bytes(16)), 'big')
    lengths = (8 * len(aad)).to_bytes(8, 'big') + (8 * len(ct)).to_bytes(8, 'big')
    s = ghash(h, padded(aad) + padded(ct) + lengths)
    return bytes(a ^ b for a, b in zip(s, aes(key, iv + b'\0\0\0\1')))


# ---- the licence (doc/format.md, "Licence") ----

TAIL = b'\1\0\0\0' + bytes(12)


def head_of(session):
    return ((b'SFIL' if any(session) else b'SFI.') + session + TAIL)


def agree(secret, peer):
    z = mul(int.from_bytes(secret, 'big'), peer)[0].to_bytes(32, 'big')
    keys = b''.join(hashlib.sha256(z + i.to_bytes(4, 'big')).digest()
                    for i in (1, 2))
    return keys[:16], keys[16:28], keys[32:]


def seal(ephemeral, device_public, key, nonce, session):
    head = head_of(session) + encode(mul(int.from_bytes(ephemeral, 'big'), G))
    k, iv, token = agree(ephemeral, decode(device_public))
    ct = ctr(k, iv, nonce + bytes(4) + key)
    return head + ct + gcm_tag(k, iv, head + token, ct)


def open_license(device_secret, lic):
    if len(lic) != 136 or lic[:24] != head_of(lic[4:8]):
        raise ValueError('neither a static nor a live licence of version 1')
    k, iv, token = agree(device_secret, decode(lic[24:88]))
    tag = gcm_tag(k, iv, lic[:88] + token, lic[88:120])
    if not hmac.compare_digest(tag, lic[120:]):
        raise ValueError('the tag does not match')
    plain = ctr(k, iv, lic[88:120])
    if plain[12:16] != bytes(4):
        raise ValueError('bytes 12 to 15 of the IV are not zero')
    return plain[16:], plain[:12]


# ---- known answers ----

STATIC = 8
LIVE = 4


def scalar(text):
    return (int.from_bytes(hashlib.sha256(text.encode()).digest(), 'big')
            % (N - 1) + 1).to_bytes(32, 'big')


def vectors():
    for i in range(STATIC + LIVE):
        device, ephemeral = scalar('device %d' % i), scalar('ephemeral %d' % i)
        key = hashlib.sha256(b'key %d' % i).digest()[:16]
        nonce = hashlib.sha256(b'nonce %d' % i).digest()[:12]
        session = (bytes(4) if i < STATIC else
                   hashlib.sha256(b'session %d' % i).digest()[:4])
        public = encode(mul(int.from_bytes(device, 'big'), G))
        yield [('name', 'licence %d' % i), ('device', device.hex()),
               ('public', public.hex()), ('ephemeral', ephemeral.hex()),
               ('key', key.hex()), ('nonce', nonce.hex()),
               ('session', session.hex()),
               ('license',
                seal(ephemeral, public, key, nonce, session).hex())]


def text():
    out = ('# Licences (doc/format.md, "Licence") with a given ephemeral key, '
           'computed by\n# tests/scripts/check_license.py, which shares no '
           'code with libsfi.\n')
    for v in vectors():
        out += '\n' + ''.join('%s = %s\n' % field for field in v)
    return out


def check(path):
    with open(path, encoding='ascii') as f:
        found = f.read()
    if found != text():
        sys.exit('%s: differs from what the format document gives' % path)
    for v in vectors():
        v = {name: value for name, value in v[1:]}
        lic = bytes.fromhex(v['license'])
        key, nonce = open_license(bytes.fromhex(v['device']), lic)
        assert key.hex() == v['key'] and nonce.hex() == v['nonce']


def main(argv):
    if argv[1:] == ['make']:
        sys.stdout.write(text())
    elif len(argv) == 3 and argv[1] == 'check':
        check(argv[2])
    elif len(argv) == 4 and argv[1] == 'open':
        with open(argv[2], 'rb') as f:
            secret = f.read()
        with open(argv[3], 'rb') as f:
            lic = f.read()
        try:
            key, nonce = open_license(secret, lic)
        except ValueError as e:
            sys.exit('%s: %s' % (argv[3], e))
        print('key %s\nnonce %s' % (key.hex(), nonce.hex()))
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main(sys.argv)
