#!/usr/bin/env python3
"""Two evaluators must agree: what the Gateway API says of a request (gateway_api.py, on the objects), and what APISIX
does with it (apisix.py, on the document that the pipe makes of the objects). Random worlds and requests. TAP.

    tests/ref/agree.py [--seed N] [--rounds N] [--requests N] [--features A,B,...]

PROPS_SEED and AGREE_ROUNDS stand for the first two. The pipe's programs are those in PATH, as tests/run.sh sets it;
else those of build/. A difference is made small, and printed with the objects, the request and both outcomes.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import urllib.parse
from fractions import Fraction

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
import apisix  # noqa: E402
import gateway_api  # noqa: E402
import generate  # noqa: E402

if "B" not in os.environ:
    os.environ["PATH"] = ROOT + "/build/bin:" + os.environ["PATH"]
os.environ.update(LC_ALL="C", NO_COLOR="1", GW_NOW="1767225600")

# APISIX throws with 65,536 sides ($request_id), so shares that are no multiple of that are nearly right.
TOLERANCE = Fraction(1, 8192)

# What worlds are made of: the words of generate.py. Left out are those that differ today: mirrors (one without
# endpoints ends the chain), echo (of any method).
FEATURES = "https hostnames regex odd colon stars escapes question headers redirect rewrite grants cors mirror backends both grpc mixed gateways sets".split()

STAGES = ("gw-validate", "gw-resolve-refs", "gw-translate")


class PipeFailed(Exception):
    pass


def document_of(objects: list) -> dict:
    """The APISIX document that the pipe makes of objects."""
    manifests = "".join("---\n" + json.dumps(o, ensure_ascii=False) + "\n" for o in objects)
    with tempfile.TemporaryDirectory() as directory:
        out = os.path.join(directory, "apisix.json")
        said = os.path.join(directory, "stderr")
        commands = [["gw-watch", "--once", "-f", "-"], *([s] for s in STAGES), ["gw-push", "--to", "file:" + out]]
        with open(said, "w+", encoding="utf-8", errors="replace") as stderr:
            programs, before = [], subprocess.PIPE
            for n, command in enumerate(commands):
                after = subprocess.DEVNULL if n == len(commands) - 1 else subprocess.PIPE
                programs.append(subprocess.Popen(command, stdin=before, stdout=after, stderr=stderr))
                if n > 0:
                    before.close()
                before = programs[-1].stdout
            with programs[0].stdin as stdin:
                stdin.write(manifests.encode("utf-8", "surrogateescape"))
            codes = [p.wait() for p in programs]
            stderr.seek(0)
            if any(code not in (0, 1) for code in codes):
                raise PipeFailed(f"exit codes {codes}\n{stderr.read()}")
        if not os.path.exists(out):
            return {}
        with open(out, encoding="utf-8") as file:
            return json.load(file)


# ---------------------------------------------------------------------------------------------------------------
# Comparing


GRPC_CODES = {400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 500: 2, 502: 14, 503: 14, 504: 14}


def joined(headers: list) -> list:
    """Lines of one name are one list, in their order (RFC 9110, 5.3); the space after its commas says nothing."""
    values = {}
    for name, value in headers:
        values.setdefault(name, []).extend(item.strip() for item in value.split(","))
    return sorted([name, ",".join(items)] for name, items in values.items())


def decoded(target: str) -> str:
    """A path in another escaping is the same path: a rewrite decodes it and escapes it anew (docs/deviations.md)."""
    path, mark, query = target.partition("?")
    return urllib.parse.unquote_to_bytes(path).decode("latin-1") + mark + query


def lists_sorted(value: str) -> str:
    return ",".join(sorted(item.strip().lower() for item in value.split(",")))


# A gateway may answer * or what was asked for.
ASKED_BY = {
    "access-control-allow-origin": "origin",
    "access-control-allow-methods": "access-control-request-method",
    "access-control-allow-headers": "access-control-request-headers",
}


def cors_form(headers: list, request: dict, preflight: bool) -> list:
    """Access-Control-* headers of which several forms are right, in one form. No allowed origin: none of them. Not all
    are of use in a preflight, or outside of one. Vary is not looked at."""
    asked = dict(request["headers"])
    allowed = any(name == "access-control-allow-origin" for name, _ in headers)
    useless = ["access-control-expose-headers"] if preflight else ["access-control-max-age", *list(ASKED_BY)[1:]]
    out = []
    for name, value in headers:
        if name == "vary" or name.startswith("access-control-") and (not allowed or name in useless):
            continue
        if name.startswith("access-control-") and ("origin" not in asked or request["method"] == "OPTIONS" and not preflight):
            # APISIX answers preflights and leaves other OPTIONS requests alone, or answers them, too.
            continue
        if name in ASKED_BY and asked.get(ASKED_BY[name]) is not None:
            value = "*" if lists_sorted(value) == lists_sorted(asked[ASKED_BY[name]]) else value
        elif name in ASKED_BY and value == "*":
            continue
        if name.startswith("access-control-allow-") or name == "access-control-expose-headers":
            value = lists_sorted(value)
        out.append([name, value])
    return out


def same_form(answer: dict, request: dict, grpc: bool) -> dict:
    """An answer without what is a matter of form."""
    answer = {k: v for k, v in answer.items() if k != "mirrors"}
    if "response_headers" in answer:
        answer["response_headers"] = cors_form(answer["response_headers"], request, False)
    if answer.get("status") in (200, 204) and "headers" in answer:
        answer |= {"status": 200, "headers": cors_form(answer["headers"], request, True)}
    for name in ("headers", "response_headers"):
        if name in answer:
            answer[name] = joined(answer[name])
    for name in ("target", "location"):
        if name in answer:
            answer[name] = decoded(answer[name])
    if grpc and "status" in answer:
        return {"grpc-status": answer.get("grpc-status", GRPC_CODES.get(answer["status"], 2))}
    return answer


def table(outcome: dict, request: dict, grpc: bool) -> dict:
    """{answer: [share, {mirror: share}]}"""
    found = {}
    for share, answer in outcome["shares"]:
        entry = found.setdefault(json.dumps(same_form(answer, request, grpc), sort_keys=True), [Fraction(0), {}])
        entry[0] += share
        for part, address in answer.get("mirrors", []):
            entry[1][address] = entry[1].get(address, 0) + share * part
    return {key: [share, {a: p / share for a, p in mirrors.items()}] for key, (share, mirrors) in found.items() if share}


def near(one: dict, two: dict) -> bool:
    return all(abs(one.get(key, 0) - two.get(key, 0)) <= TOLERANCE for key in one.keys() | two.keys())


def agree(wanted: dict, got: dict, request: dict) -> bool:
    if "tls" in wanted or "tls" in got:
        return wanted == got
    grpc = any(name == "content-type" and value.startswith("application/grpc") for name, value in request["headers"])
    one, two = table(wanted, request, grpc), table(got, request, grpc)
    if not near({k: v[0] for k, v in one.items()}, {k: v[0] for k, v in two.items()}):
        return False
    return all(near(one[key][1], two[key][1]) for key in one.keys() & two.keys())


def known(api: gateway_api.World, request: dict, got: dict) -> bool:
    """Differences that are known."""
    if got == {"tls": "refused"}:
        # A wildcard covers one label only when APISIX looks for a certificate, whatever other ports or less specific
        # listeners have; names further below it are served if its routes say them in full.
        sni = request["sni"].lower()
        found = [li for li in api.listeners if li["protocol"] == "HTTPS" and gateway_api.covers(li.get("hostname"), sni)]
        best = max((li.get("hostname") for li in found), key=gateway_api.specificity)
        routes = api.all("HTTPRoute") + api.all("GRPCRoute")
        said = {name for li in found if li.get("hostname") == best for r in routes for name in api.hostnames_on(li, r)}
        return best is not None and best.startswith("*.") and "." in sni[: 1 - len(best)] and sni not in said
    return False


# ---------------------------------------------------------------------------------------------------------------
# A round


class Difference(Exception):
    def __init__(self, request: dict, wanted, got):
        self.request, self.wanted, self.got = request, wanted, got


def outcome(evaluate, request: dict):
    try:
        return evaluate(request)
    except (apisix.Unsupported, apisix.Refused) as problem:
        return {"problem": repr(problem)}


def compare(objects: list, requests: list) -> int:
    """Raises Difference for the first request that is answered otherwise; returns how many could be compared."""
    api = gateway_api.World(objects)
    try:
        engine = apisix.Apisix(document_of(objects))
    except (apisix.Unsupported, apisix.Refused) as problem:
        raise Difference(requests[0], {}, {"problem": repr(problem)}) from None
    compared = 0
    for request in requests:
        try:
            wanted = api.evaluate(request)
        except gateway_api.Unsettled:
            continue
        got = outcome(engine.evaluate, request)
        if "problem" in got or not agree(wanted, got, request) and not known(api, request, got):
            raise Difference(request, wanted, got)
        compared += 1
    return compared


def shown(found: dict) -> str:
    if "shares" not in found:
        return json.dumps(found)
    return "\n".join(f"{share} {json.dumps(answer, default=str, sort_keys=True)}" for share, answer in found["shares"])


def kinds(found: dict) -> set:
    """What sorts of answers there are, so that shrinking does not wander from one difference to another."""
    return {str(answer.get("status", "endpoint")) for _, answer in found.get("shares", [])} | set(found) - {"shares"}


def report(title: str, body: str) -> None:
    print(f"# {title}")
    for line in body.splitlines():
        print(f"#   {line}")


def made(seed: int, options) -> tuple:
    rng = random.Random(seed)
    objects = generate.world(rng, options.features)
    return objects, generate.requests(rng, objects, options.requests, options.features)


def explain(objects: list, found: Difference, seed: int, options) -> None:
    """Makes a difference small and prints it."""

    def differs(fewer: list) -> bool:
        try:
            compare(fewer, [found.request])
        except Difference as difference:
            return kinds(difference.wanted) == kinds(found.wanted) and kinds(difference.got) == kinds(found.got)
        except Exception:  # no world any more
            pass
        return False

    small = generate.shrink(objects, differs)
    try:
        compare(small, [found.request])
    except Difference as difference:
        found = difference
    for obj in small:
        if obj["kind"] != "Secret":
            print("# object " + json.dumps(obj, ensure_ascii=False))
    print("# request " + json.dumps(found.request, ensure_ascii=False))
    report("the Gateway API says", shown(found.wanted))
    report("APISIX does", shown(found.got))
    print(f"# again: tests/ref/agree.py --seed {seed} --rounds 1 --features {','.join(options.features)}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=int(os.environ.get("PROPS_SEED", "1")))
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("AGREE_ROUNDS", "120")))
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--features", type=lambda names: names.split(","), default=FEATURES)
    options = parser.parse_args()
    print(f"1..{options.rounds}\n# seed {options.seed}, features {','.join(options.features)}", flush=True)
    failed = total = 0
    for n in range(options.rounds):
        seed = options.seed + n
        objects, requests = made(seed, options)
        try:
            compared = compare(objects, requests)
            total += compared
            print(f"ok {n + 1} - world {seed}: {len(objects)} objects, {compared} requests", flush=True)
        except Difference as difference:
            failed += 1
            print(f"not ok {n + 1} - world {seed}", flush=True)
            explain(objects, difference, seed, options)
        except PipeFailed as problem:
            failed += 1
            print(f"not ok {n + 1} - world {seed}: the pipe failed", flush=True)
            report("its messages", str(problem))
    print(f"# {total} requests compared")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
