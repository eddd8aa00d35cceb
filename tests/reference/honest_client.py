"""A client of small requests, one after the other: times on the output, one failure ends it.

Beside each time stands what the server's process computed in it, s of the processor. On a machine
with other work that tells more: it is the time that the request would take if the server had a
core for itself.
"""

import json
import sys
import time

import requests


def ask(url, token, seconds, process_id, body):
    # Linux's number of the clock of a process, see clock_getcpuclockid(3).
    clock = (~process_id << 3) | 2
    times, computed, end = [], [], time.monotonic() + seconds
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        while time.monotonic() < end:
            before, begin = time.clock_gettime(clock), time.perf_counter()
            answer = session.post(url, data=body, timeout=120)
            times.append(time.perf_counter() - begin)
            computed.append(time.clock_gettime(clock) - before)
            answer.raise_for_status()
            time.sleep(0.01)
    return times, computed


if __name__ == "__main__":
    url, token, seconds, process_id = sys.argv[1:]
    body = sys.stdin.buffer.read()
    json.dump(ask(url, token, float(seconds), int(process_id), body), sys.stdout)
