#!/usr/bin/env python3
"""The Lua that routes carry, run by LuaJIT: exact shares, whoever is asked first. TAP."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from fractions import Fraction

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden")
PARAMETERS = re.compile(r"function\(vars\) local k,w,me='([^']*)',\{([0-9,]+)\},([0-9]+) ")

# Calls the functions of one name for each request, in an order that turns, and prints how often each was true.
LUA = """
ngx = {}
local fs, hits = {%s}, {}
for i = 1, #fs do hits[i] = 0 end
for request = 1, %d do
    ngx.ctx = {}
    local taken = 0
    for i = 0, #fs - 1 do
        local at = (i + request) %% #fs + 1
        if fs[at]({}) then taken = taken + 1 hits[at] = hits[at] + 1 end
        fs[at]({})
    end
    assert(taken == 1, 'taken by ' .. taken)
end
print(table.concat(hits, ','))
"""


def functions():
    """{name: {index: text}} and {name: weights} of all goldens."""
    found, weights = defaultdict(dict), {}
    for path in glob.glob(os.path.join(GOLDEN, "pipeline", "*.out.json")):
        for route in json.load(open(path))["document"].get("routes", []):
            match = PARAMETERS.match(route.get("filter_func", ""))
            if match:
                name = os.path.basename(path) + " " + match.group(1)
                found[name][int(match.group(3))] = route["filter_func"]
                weights[name] = [int(w) for w in match.group(2).split(",")]
    return found, weights


def problem(texts, weights):
    rounds = 10 * sum(weights)
    program = LUA % (",".join(texts[i + 1] for i in range(len(weights))), rounds)
    done = subprocess.run(["luajit", "-"], input=program, capture_output=True, text=True)
    if done.returncode != 0:
        return done.stderr.strip()
    seen = [Fraction(int(n), rounds) for n in done.stdout.split(",")]
    wanted = [Fraction(w, sum(weights)) for w in weights]
    return None if seen == wanted else f"shares {seen}, expected {wanted}"


def main():
    if not shutil.which("luajit"):
        print("1..1\nok 1 lua: shares # SKIP no luajit here")
        return 0
    found, weights = functions()
    failed = not found
    print(f"1..{len(found)}")
    for i, name in enumerate(sorted(found)):
        why = problem(found[name], weights[name])
        failed |= why is not None
        print(f"{'not ok' if why else 'ok'} {i + 1} lua: {name}" + (f"\n#   {why}" if why else ""))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
