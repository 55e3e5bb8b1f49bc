#!/usr/bin/env python3
"""The Lua that routes carry, run by LuaJIT: exact shares, whoever is asked first. TAP."""
import base64
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


# A gateway around the session functions of a route: `request` sends one, that round robin would give to `picked`.
GATEWAY = """
local now = 1000
local nodes = {v1 = {{host = '10.1.1.1', port = 3000}}, v2 = {{host = '10.1.2.1', port = 3000}}}
local both = {nodes.v1[1], nodes.v2[1]}
local said
ngx = {time = function() return now end, get_phase = function() return 'access' end,
       decode_base64 = function(s) return ({%s})[s] end,
       md5 = function(s) local h = 7 for i = 1, #s do h = (h * 31 + s:byte(i)) %% 4294967296 end
             return ('%%08x'):format(h):rep(4) end}
local core = {response = {set_header = function(n, v) said = n .. ': ' .. v end,
                          add_header = function(n, v) said = n .. ': ' .. v end}}
local ids = {['service.infra.v1.8080'] = {nodes = nodes.v1}, ['service.infra.v2.8080'] = {nodes = nodes.v2}}
function require(name)
    return name == 'apisix.core' and core or {get_by_id = function(id) return ids[id] end}
end
local pre, post = %s, %s
local function request(var, picked, upstreams)
    local ctx = {var = var, upstream_conf = {nodes = upstreams or both}, upstream_id = 'as split'}
    ctx.picked_server = {host = picked, port = 3000}
    said = nil
    if post then post(nil, ctx) end
    pre(nil, ctx)
    return ctx.picked_server.host, said, ctx.upstream_id
end
"""

COOKIE = """
local host, cookie = request({}, '10.1.1.1')
assert(host == '10.1.1.1' and cookie:find("^Set%-Cookie: o'clock=1000%.%x+; Path=/cookie; Max%-Age=3600; HttpOnly"))
assert(not cookie:find('10%.1'), 'an address is told')
local value = cookie:match('=(.-);')
for _, picked in ipairs({'10.1.1.1', '10.1.2.1'}) do
    local host, said = request({["cookie_o'clock"] = value}, picked)
    assert(host == '10.1.1.1' and said == nil, 'the session does not keep its endpoint')
end
now = 1000 + 3600
local host, said = request({["cookie_o'clock"] = value}, '10.1.2.1')
assert(host == '10.1.2.1' and said, 'a session that is over goes on')
now = 1001
host, said = request({["cookie_o'clock"] = value}, '10.1.2.1', {nodes.v2[1]})
assert(host == '10.1.2.1' and said, 'an endpoint that is gone is taken')
for _, bad in ipairs({'x', '1000.', '1000.zz', '.' .. value, 'a' .. value}) do
    host, said = request({["cookie_o'clock"] = bad}, '10.1.2.1')
    assert(host == '10.1.2.1' and said, 'a session that nobody gave out is one')
end
"""

HEADER = """
local _, said = request({}, '10.1.2.1')
local value = said:match('^X%-Session: (%d+%.%x+)$')
local host, said, upstream = request({http_x_session = value}, '10.1.1.1')
assert(host == '10.1.2.1' and said == nil and upstream == 'service.infra.v2.8080')
host, said, upstream = request({}, '10.1.1.1')
assert(host == '10.1.1.1' and said and upstream == 'as split')
"""


def session_problem(route, check):
    plugins = route["plugins"]
    found = [plugins.get(f"serverless-{at}-function", {"functions": ["return nil"]})["functions"][0] for at in ("pre", "post")]
    texts = {t: base64.b64decode(t).decode() for s in found for t in re.findall(r"decode_base64\('([^']*)'\)", s)}
    table = ",".join(f"[{json.dumps(k)}]={json.dumps(v)}" for k, v in texts.items())
    program = GATEWAY % (table, *(s.removeprefix("return ") for s in found)) + check
    done = subprocess.run(["luajit", "-"], input=program, capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else None


def sessions():
    """[(name, problem)]"""
    path = os.path.join(GOLDEN, "gw-translate", "a-session-keeps-its-endpoint-by-a-cookie-or-a-header.out.json")
    routes = {}
    for record in json.loads("[" + re.sub(r"\n}\n{", "\n},\n{", open(path).read()) + "]"):
        for route in record.get("apisix", {}).get("routes", []):
            routes[route["id"]] = route
    return [("a cookie", session_problem(routes["httproute.infra.r.0.0"], COOKIE)),
            ("a header, over two upstreams", session_problem(routes["httproute.infra.r.1.0"], HEADER))]


def main():
    if not shutil.which("luajit"):
        print("1..1\nok 1 lua: shares # SKIP no luajit here")
        return 0
    found, weights = functions()
    failed = not found
    kept = sessions()
    print(f"1..{len(found) + len(kept)}")
    for i, name in enumerate(sorted(found)):
        why = problem(found[name], weights[name])
        failed |= why is not None
        print(f"{'not ok' if why else 'ok'} {i + 1} lua: {name}" + (f"\n#   {why}" if why else ""))
    for i, (name, why) in enumerate(kept):
        failed |= why is not None
        print(f"{'not ok' if why else 'ok'} {len(found) + i + 1} lua: a session by {name}" + (f"\n#   {why}" if why else ""))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
