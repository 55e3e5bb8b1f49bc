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


# A gateway around the functions that ask: `ask` passes a request, `answer` is what the service says to it.
GUARD = """
local got, answer, asked, sent, told
local core = {request = {get_body = function(max) if #got.body > max then return nil, 'too large' end return got.body end,
                         set_header = function(_, n, v) sent[n] = v == nil and 'gone' or v end}}
local client = {set_timeout = function() end, set_keepalive = function() end}
function client:connect(to) asked = {to = to.host .. ':' .. to.port} return answer ~= nil end
function client:request(r)
    for k, v in pairs(r) do asked[k] = v end
    answer.read_body = function() return answer.body end
    return answer
end
local nodes = {{host = '10.0.0.9', port = 9001}}
local modules = {['apisix.core'] = core, ['resty.http'] = {new = function() return client end},
    ['apisix.upstream'] = {get_by_id = function(id) return id == 'service.infra.guard.9000' and {nodes = nodes} end}}
function require(name) return modules[name] end
ngx = {decode_base64 = function(s) return ({%s})[s] end, header = {},
       req = {get_headers = function() return got.headers end, get_method = function() return got.method or 'GET' end,
              http_version = function() return got.version or 1.1 end}}
local function ask(request, say)
    got, answer, asked, sent, ngx.header = request, say, {}, {}, {}
    got.headers = got.headers or {}
    return fun(nil, {var = {real_request_uri = got.uri or '/a%%20b?x=1?y'}})
end
"""

LISTED = """
local yes = {status = 200, headers = {['x-user'] = 'u', ['x-other'] = 'o'}}
assert(ask({headers = {host = 'h:1', authorization = 'A', ['x-tenant'] = 't', cookie = 'c'}, method = 'PUT'}, yes) == nil)
assert(asked.to == '10.0.0.9:9001' and asked.path == '/check/a%20b' and asked.query == 'x=1?y' and asked.method == 'PUT')
local h = asked.headers
assert(h.host == 'h:1' and h.authorization == 'A' and h['x-tenant'] == 't' and not h.cookie and h['content-length'] == '0')
assert(sent['x-user'] == 'u' and sent['x-other'] == nil)
assert(ask({headers = {['x-user'] = 'forged'}}, {status = 200, headers = {}}) == nil and sent['x-user'] == 'gone')
assert(ask({headers = {['content-length'] = '3'}, body = 'abc', method = 'POST'}, yes) == nil and asked.body == 'abc')
assert(asked.headers['content-length'] == '3')
asked = nil
assert(ask({headers = {['content-length'] = '2000'}, body = ('a'):rep(2000), method = 'POST'}, yes) == 413)
assert(asked.to == nil, 'asked with a part of the body')
assert(ask({method = 'POST', version = 2}, yes) == 411 and ask({version = 2}, yes) == nil)
local status, text = ask({}, {status = 401, body = 'no', headers = {['www-authenticate'] = 'W', connection = 'c', ['content-type'] = 't'}})
assert(status == 401 and text == 'no' and ngx.header['www-authenticate'] == 'W' and ngx.header['content-type'] == 't')
assert(ngx.header.connection == nil and ask({}, {status = 302, headers = {location = 'l'}}) == 302)
for _, bad in ipairs({201, 204, 299}) do assert(ask({}, {status = bad, headers = {}}) == 403) end
assert(ask({}, nil) == 403, 'nobody there is a yes')
nodes = {}
assert(ask({}, yes) == 403, 'no endpoints are a yes')
"""

ALL = """
local yes = {status = 200, headers = {['X-User'] = 'u', Host = 'h', ['Content-Length'] = '3', Connection = 'x', ['X-B'] = {'1', '2'}}}
assert(ask({headers = {['content-length'] = '3'}, body = 'abc', method = 'POST'}, yes) == nil and asked.body == nil)
assert(asked.path == '/a%20b' and asked.headers['content-length'] == '0')
assert(sent['X-User'] == 'u' and #sent['X-B'] == 2 and not sent.Host and not sent['Content-Length'] and not sent.Connection)
"""


def guard_problem(route, check):
    text = route["plugins"]["serverless-post-function"]["functions"][0]
    texts = {t: base64.b64decode(t).decode() for t in re.findall(r"decode_base64\('([^']*)'\)", text)}
    table = ",".join(f"[{json.dumps(k)}]={json.dumps(v)}" for k, v in texts.items())
    program = "local fun\n" + GUARD % table + f"fun = (function() {text} end)()\n" + check
    done = subprocess.run(["luajit", "-"], input=program, capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else None


# A gateway around a retry loop: `answers` is what the internal port says, in turn; `send` passes a request.
LOOP = """
local got, answers, asked, clock, slept, out, passed
local client = {set_timeouts = function(_, connect, send, read) asked.patience = read end, close = function() end,
                set_keepalive = function() asked.kept = true end}
function client:connect(to)
    asked.to = to.host .. ':' .. to.port
    return answers ~= nil
end
function client:request(r)
    asked[#asked + 1] = r
    local a = answers[#asked]
    clock = clock + (a and a.takes or 0)
    if not a or a.silent then return nil, 'timeout' end
    local text = a.body
    a.headers = setmetatable(a.headers or {['x-gwpipe-received'] = tostring(a.received or 10)}, {__index = function() end})
    a.has_body = text ~= nil
    a.body_reader = function() local t = text text = nil return t, a.broken and t == nil and 'closed' or nil end
    return a
end
local core = {request = {get_body = function(max) if #got.body > max then return nil, 'too large' end return got.body end}}
local modules = {['apisix.core'] = core, ['resty.http'] = {new = function() return client end}}
function require(name) return modules[name] end
ngx = {header = {}, ERROR = -1, now = function() return clock end, sleep = function(t) slept[#slept + 1] = t clock = clock + t end,
       send_headers = function() out.status = ngx.status end, print = function(t) out.body = (out.body or '') .. t end,
       flush = function() end, exit = function(code) out.exit = code return code end,
       req = {get_headers = function() return got.headers end, get_method = function() return got.method or 'GET' end,
              http_version = function() return got.version or 1.1 end}}
local function send(request, says)
    got, answers, asked, clock, slept, out, ngx.header = request, says, {}, 100, {}, {}, {}
    got.headers = got.headers or {}
    local var = {upstream_uri = got.rewritten or '', real_request_uri = got.uri or '/codes/a%%20b?x=1', upstream_host = 'up:1',
                 http_host = 'shop.example:8080', server_port = '80', scheme = 'https', remote_addr = '192.0.2.1'}
    local code = fun(nil, {var = var})
    return code, #asked
end
"""

TRIES = """
local function is(code, tries, status, n) return code == status and tries == n end
local ok, no, other = {status = 200, body = 'yes'}, {status = 500, body = 'no'}, {status = 502, body = 'bad'}
local function again(a) return {status = a.status, body = a.body, received = a.received, takes = a.takes} end
assert(is(send({}, {ok}), #asked, 200, 1) and out.body == 'yes' and asked.kept and #slept == 0)
local r = asked[1]
assert(asked.to == '127.0.0.1:19080' and r.path == '/httproute.infra.r.0_retry/codes/a%20b' and r.query == '?x=1')
assert(r.headers.host == 'up:1' and r.headers['x-real-ip'] == '192.0.2.1' and r.headers['x-gwpipe-proto'] == 'https')
assert(r.headers['x-gwpipe-host'] == 'shop.example:8080' and r.headers['x-gwpipe-port'] == '80' and not r.body)
assert(is(send({}, {again(no), again(ok)}), #asked, 200, 2) and slept[1] == 0.1)
assert(is(send({}, {again(no), {status = 503}, again(ok)}), #asked, 200, 3) and slept[2] == 0.2)
assert(is(send({}, {again(no), again(no), {status = 503, body = 'last'}, ok}), #asked, 503, 3) and out.body == 'last')
assert(is(send({}, {again(other), ok}), #asked, 502, 1) and out.body == 'bad', 'a code that is not listed is tried again')
assert(is(send({}, {{status = 503, received = '0, 0'}, ok}), #asked, 503, 1), 'no answer was tried again behind the port')
assert(is(send({}, {{status = 500, received = '0, 0, 9'}, ok}), #asked, 500, 1), 'tries behind the port do not count')
assert(is(send({}, {{status = 500, takes = 2.95}, ok}), #asked, 500, 1), 'a try begins that cannot end in time')
assert(send({}, {{silent = true, takes = 3}}) == 504 and asked.patience == 3000)
send({}, {{status = 500, takes = 1}, again(ok)})
assert(math.abs(asked.patience - 1900) < 1e-6, 'the limit is not on all tries together')
assert(send({}, nil) == nil, 'nothing listens, and the plain way is not taken')
assert(select(2, send({headers = {upgrade = 'websocket'}}, {ok})) == 0)
assert(select(2, send({headers = {['content-length'] = '9000000'}, body = ('a'):rep(9000000), method = 'POST'}, {ok})) == 0)
assert(select(2, send({method = 'POST', version = 2}, {ok})) == 0)
send({headers = {['content-length'] = '3', connection = 'x', te = 't', ['x-a'] = {'1', '2'}}, body = 'abc', method = 'POST'}, {again(no), again(ok)})
assert(asked[1].body == 'abc' and asked[2].body == 'abc' and asked[2].headers['content-length'] == '3')
assert(not asked[1].headers.connection and not asked[1].headers.te and #asked[1].headers['x-a'] == 2)
send({rewritten = '/new?y'}, {again(ok)})
assert(asked[1].path == '/httproute.infra.r.0_retry/new' and asked[1].query == '?y')
send({}, {{status = 200, headers = {['X-A'] = 'a', ['Set-Cookie'] = {'1', '2'}, Connection = 'close', ['X-Gwpipe-Received'] = '7'}}})
assert(ngx.header['X-A'] == 'a' and #ngx.header['Set-Cookie'] == 2 and not ngx.header.Connection)
assert(not ngx.header['X-Gwpipe-Received'])
send({}, {{status = 200, body = 'half', broken = true}})
assert(out.exit == -1, 'an answer that breaks off looks whole')
"""


def loop_problem(route, check):
    text = route["plugins"]["serverless-post-function"]["functions"][0]
    program = "local fun\n" + LOOP % () + f"fun = (function() {text} end)()\n" + check
    done = subprocess.run(["luajit", "-"], input=program, capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else None


def routes_of(case):
    path = os.path.join(GOLDEN, "gw-translate", case + ".out.json")
    records = json.loads("[" + re.sub(r"\n}\n{", "\n},\n{", open(path).read()) + "]")
    return {route["id"]: route for record in records for route in record.get("apisix", {}).get("routes", [])}


def single_routes():
    """[(name, problem)]"""
    sessions = routes_of("a-session-keeps-its-endpoint-by-a-cookie-or-a-header")
    guards = routes_of("another-service-is-asked-before-a-request-is-let-through")
    loops = routes_of("answers-with-certain-codes-are-tried-again-with-pauses-and-a-limit")
    return [("a loop of retries", loop_problem(loops["httproute.infra.r.0.0"], TRIES)),
            ("a session by a cookie", session_problem(sessions["httproute.infra.r.0.0"], COOKIE)),
            ("a session by a header, over two upstreams", session_problem(sessions["httproute.infra.r.1.0"], HEADER)),
            ("a service that is asked, with lists", guard_problem(guards["httproute.infra.r.0.0"], LISTED)),
            ("a service that is asked, without", guard_problem(guards["httproute.infra.r.1.0"], ALL))]


def main():
    if not shutil.which("luajit"):
        print("1..1\nok 1 lua: shares # SKIP no luajit here")
        return 0
    found, weights = functions()
    failed = not found
    kept = single_routes()
    print(f"1..{len(found) + len(kept)}")
    for i, name in enumerate(sorted(found)):
        why = problem(found[name], weights[name])
        failed |= why is not None
        print(f"{'not ok' if why else 'ok'} {i + 1} lua: {name}" + (f"\n#   {why}" if why else ""))
    for i, (name, why) in enumerate(kept):
        failed |= why is not None
        print(f"{'not ok' if why else 'ok'} {len(found) + i + 1} lua: {name}" + (f"\n#   {why}" if why else ""))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
