#!/usr/bin/env python3
"""Objects as large as the API lets them be, through gw-validate: milliseconds for each, and for one half its size.

The last column is the ratio of the two: 2 is linear, 4 would be quadratic.
"""
import json
import subprocess
import sys
import time

COPIES = 50
GATEWAY = "gateway.networking.k8s.io/v1"


def record(kind, i, spec):
    meta = {"name": f"o{i}", "namespace": "n"}
    return {"type": "ADDED", "object": {"apiVersion": GATEWAY, "kind": kind, "metadata": meta, "spec": spec}}


def match(i):
    name = f"x-header-{i}"
    return {"path": {"type": "PathPrefix", "value": f"/p{i}"}, "headers": [{"name": name, "value": str(i)}]}


def matches(n):
    """All rules together may have 128 matches, one rule 64."""
    return {"rules": [{"matches": [match(i) for i in range(n // 2)]} for _ in range(2)]}


def hostnames(n):
    """A Gateway route has 16; a ListenerSet's and Gateway's listeners one each; TLSRoute 16: the longest are 253."""
    return {"hostnames": [("a" * 60 + ".") * 3 + f"h{i}.example" for i in range(n)], "rules": [{}]}


def parents(n):
    return {"parentRefs": [{"name": "g", "sectionName": f"s{i}"} for i in range(n)], "rules": [{}]}


def listeners(n):
    one = [{"name": f"l{i}", "port": 80, "protocol": "HTTP", "hostname": f"h{i}.example"} for i in range(n)]
    return {"gatewayClassName": "apisix", "listeners": one}


def cookies(n):
    """The longest lists of a filter: 64 origins, 64 headers."""
    cors = {"allowOrigins": [f"https://h{i}.example" for i in range(n)], "exposeHeaders": [f"x-{i}" for i in range(n)]}
    return {"rules": [{"filters": [{"type": "CORS", "cors": cors}]}]}


def backends(n):
    """16 references a rule, 16 rules."""
    refs = [{"name": f"svc{i}", "port": 80, "weight": i + 1} for i in range(16)]
    return {"rules": [{"backendRefs": refs} for _ in range(n)]}


CASES = [
    ("128 matches", "HTTPRoute", matches, 128),
    ("64 listeners", "Gateway", listeners, 64),
    ("16 hostnames", "HTTPRoute", hostnames, 16),
    ("32 parents", "HTTPRoute", parents, 32),
    ("64 origins, 64 headers", "HTTPRoute", cookies, 64),
    ("256 backends", "HTTPRoute", backends, 16),
]


def measure(kind, make, n):
    lines = "".join(json.dumps(record(kind, i, make(n))) + "\n" for i in range(COPIES))
    best = 1e9
    for _ in range(3):
        start = time.monotonic()
        done = subprocess.run(["gw-validate", "--target", "none"], input=lines, text=True, capture_output=True)
        best = min(best, time.monotonic() - start)
        if done.returncode != 0:
            sys.exit(f"limits: {kind} was refused: {done.stderr[:300]}")
    return best * 1000 / COPIES


def main():
    print(f"{'object':<26} {'ms':>8} {'ms of half':>12} {'ratio':>7}")
    for name, kind, make, n in CASES:
        whole, half = measure(kind, make, n), measure(kind, make, n // 2)
        print(f"{name:<26} {whole:>8.2f} {half:>12.2f} {whole / half:>7.1f}")


if __name__ == "__main__":
    main()
