# SPDX-License-Identifier: MIT
"""A load for python3.11: threads that share the interpreter, C code that calls back, waits."""

import hashlib
import json
import queue
import random
import re
import threading
import time
import zlib
from functools import cmp_to_key


def descend(depth):
    return sum(range(50)) if depth == 0 else 1 + descend(depth - 1)


def compute():
    numbers = random.Random(1)
    while True:
        values = [numbers.random() for _ in range(2000)]
        values.sort(key=cmp_to_key(lambda a, b: (a > b) - (a < b)))
        text = json.dumps({str(i): values[i] for i in range(500)})
        re.sub(r"(\d+)\.(\d+)", lambda m: m.group(2), text)
        json.loads(text)
        descend(30)
        time.sleep(0.001)


def squeeze(inbox):
    while True:
        data = inbox.get()
        hashlib.sha256(zlib.decompress(zlib.compress(data))).digest()


def feed(inbox):
    data = bytes(range(256)) * 400
    while True:
        inbox.put(data)
        time.sleep(0.002)


def main():
    inbox = queue.Queue(maxsize=4)
    never = threading.Event()
    for target, arguments in ((compute, ()), (squeeze, (inbox,)), (feed, (inbox,)),
                              (never.wait, ())):
        threading.Thread(target=target, args=arguments, daemon=True).start()
    print("ready", flush=True)
    while True:
        sorted(map(str, range(20000)))
        time.sleep(0.01)


main()
