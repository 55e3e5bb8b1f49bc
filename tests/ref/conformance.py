#!/usr/bin/env python3
"""What requests get, by the emulated APISIX of apisix.py, from the documents of the golden cases. TAP.

Beside tests/golden/pipeline/CASE.in.yaml may stand CASE.requests, one request a line and what is expected:

    GET http://example.com:8080/path?q=1 x-version=one   -> v1
    GET https://other.org/ sni=example.org               -> 421
    GET http://example.com/                              -> 302 https://example.com/
    GET http://example.com/                              -> v1 7/10, v2 3/10
    GET http://example.com/                              -> v1 target=/x host=other.org +x-a=1 -x-b <x-c=2 <-x-d

Left: method, URL, and NAME=VALUE for headers; `sni=` is the server name where it is not the host, `addr=` the
address that was connected to, `http=2` the version, and `<NAME=VALUE` what backends answer with. Right: a status (`grpc-status:N` of gRPC,
a redirect's with its Location, a preflight's with `<` headers), a Service by name, or shares of these; with `target=` and `host=` what the backend
gets, `+` and `-` headers that it gets and does not, `<` and `<-` likewise of the client, `mirror=NAME:SHARE`
a copy, `mirror=` none.
"""
import glob
import json
import os
import re
import sys
from fractions import Fraction

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from apisix import Apisix, Refused, Unsupported  # noqa: E402

GOLDEN = os.path.join(HERE, "..", "golden", "pipeline")
URL = re.compile(r"(https?)://([^/:]*|\[[^]]*\])(:(\d+))?(/.*)?$")


def services(path):
    """{"10.1.0.1": "v1"} from the EndpointSlices of the input."""
    names = {}
    for obj in yaml.safe_load_all(open(path)):
        if obj and obj["kind"] == "EndpointSlice":
            for endpoint in obj["endpoints"]:
                names[endpoint["addresses"][0]] = obj["metadata"]["labels"]["kubernetes.io/service-name"]
    return names


def request_of(words):
    method, url, *rest = words
    scheme, host, _, port, target = URL.match(url).groups()
    r = {"address": "127.0.0.1", "port": int(port or (443 if scheme == "https" else 80)), "scheme": scheme,
         "sni": host if scheme == "https" else None, "http": "1.1", "method": method,
         "host": host + (":" + port if port else ""), "target": target or "/", "headers": [], "response_headers": []}
    for word in rest:
        name, _, value = word.partition("=")
        if name in ("sni", "http"):
            r[name] = value
        elif name == "addr":
            r["address"] = value
        elif name.startswith("<"):
            r["response_headers"].append([name[1:], value])
        else:
            r["headers"].append([name, value])
    return r


def value_of(headers, name):
    found = [v for n, v in headers if n.lower() == name]
    return ",".join(sorted(found)) if found else None  # an outcome has them sorted


def name_of(answer, names):
    """What an answer is called on the right hand side."""
    if "grpc-status" in answer:
        return f"grpc-status:{answer['grpc-status']}"
    return names.get(answer.get("endpoint", "").rsplit(":", 1)[0]) or str(answer.get("status"))


def check(answer, words, names):
    """What is wrong with one answer; None: nothing."""
    what, *rest = words
    if what.isdigit():
        seen = [str(answer.get("status"))] + ([answer["location"]] if "location" in answer else [])
        plain = [w for w in words if not w.startswith("<")]
        if seen != plain:
            return " ".join(seen)
        answer = {"response_headers": answer.get("headers", []), **answer}
        rest = [w for w in words if w.startswith("<")]
        what = ""
    if what and name_of(answer, names) != what:
        return json.dumps(answer, default=str)
    for word in rest:
        name, _, value = word.lstrip("+-<").partition("=")
        side = answer["response_headers"] if word.startswith("<") else answer["headers"]
        if word.startswith(("target=", "host=")):
            bad = answer[name] != value
        elif word.startswith("mirror="):
            shares = {names.get(m[1].rsplit(":", 1)[0]): m[0] for m in answer.get("mirrors", [])}
            mirror, _, share = value.partition(":")
            bad = shares.get(mirror) != Fraction(share or 1) if mirror else shares != {}
        elif word.startswith(("-", "<-")):
            bad = value_of(side, name) is not None
        else:
            bad = value_of(side, name) != ",".join(sorted(value.split(",")))
        if bad:
            return f"{what}, but not {word}: {json.dumps(answer, default=str)}"
    return None


def verdict(outcome, expected, names):
    if "tls" in outcome:
        return None if expected == "tls " + outcome["tls"] else "tls " + outcome["tls"]
    wanted = [part.split() for part in expected.split(", ")]
    if len(wanted) == 1:
        if len(outcome["shares"]) != 1:
            return json.dumps(outcome, default=str)
        return check(outcome["shares"][0][1], wanted[0], names)
    seen = {}
    for share, answer in outcome["shares"]:
        key = name_of(answer, names)
        seen[key] = seen.get(key, 0) + share
    return None if seen == {w[0]: Fraction(w[1]) for w in wanted} else str({k: str(v) for k, v in seen.items()})


def run(path):
    stem = path[: -len(".requests")]
    document = json.load(open(stem + ".out.json"))["document"]
    names, wrong, n = services(stem + ".in.yaml"), [], 0
    apisix = Apisix(document)
    for line in open(path):
        line = line.split("#")[0].strip()
        if not line:
            continue
        left, right = line.split("->")
        n += 1
        problem = verdict(apisix.evaluate(request_of(left.split())), " ".join(right.split()), names)
        if problem:
            wrong.append(f"{' '.join(left.split())}: expected {' '.join(right.split())}, got {problem}")
    return n, wrong


def main():
    paths = sorted(glob.glob(os.path.join(GOLDEN, "*.requests")))
    print(f"1..{len(paths)}")
    failed = 0
    for i, path in enumerate(paths):
        name = os.path.basename(path)[: -len(".requests")]
        try:
            n, wrong = run(path)
        except (Unsupported, Refused) as e:
            n, wrong = 0, [f"{type(e).__name__}: {e}"]
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {i + 1} requests: {name} ({n})")
        for w in wrong:
            print("#   " + w)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
