"""A client of small requests, one after the other: times on the output, one failure ends it."""

import json
import sys
import time

import requests


def ask(url, token, seconds, body):
    times, end = [], time.monotonic() + seconds
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        while time.monotonic() < end:
            begin = time.perf_counter()
            answer = session.post(url, data=body, timeout=120)
            times.append(time.perf_counter() - begin)
            answer.raise_for_status()
            time.sleep(0.01)
    return times


if __name__ == "__main__":
    url, token, seconds = sys.argv[1:]
    json.dump(ask(url, token, float(seconds), sys.stdin.buffer.read()), sys.stdout)
