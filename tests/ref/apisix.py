#!/usr/bin/env python3
"""What Apache APISIX 3.18 does with a request, given its configuration: plain, slow, and written from how the
engine behaves, not from what gw-translate emits. README.md says what a request and an outcome look like.

    python3 tests/ref/apisix.py CONFIG.json REQUEST.json

Each behaviour of the engine is one function here, and its docstring says what is known of it. What is not modelled
raises Unsupported: a plugin, an option, a variable, an operator, a field. So nothing passes by being overlooked.

Inside, all text is a string of bytes (one character per byte), as nginx has it: see raw() and text().
"""

import functools
import json
import os
import re
import sys
from fractions import Fraction

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pcre  # noqa: E402


class Unsupported(Exception):
    """The configuration or request uses what this evaluator does not model."""


class Refused(Exception):
    """APISIX itself would refuse this object."""


def raw(value):
    """JSON's Unicode strings as strings of UTF-8 bytes."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("latin-1")
    if isinstance(value, list):
        return [raw(v) for v in value]
    if isinstance(value, dict):
        return {raw(k): raw(v) for k, v in value.items()}
    return value


def text(value):
    """The way back. Bytes that are no UTF-8 become lone surrogates."""
    if isinstance(value, str):
        return value.encode("latin-1").decode("utf-8", "surrogateescape")
    if isinstance(value, (list, tuple)):
        return [text(v) for v in value]
    if isinstance(value, dict):
        return {text(k): text(v) for k, v in value.items()}
    return value


def only(what: str, conf: dict, modelled: str, ignored: str = "") -> None:
    """Every member of conf is modelled, or known not to bear on an outcome."""
    for name in conf:
        if name not in modelled.split() and name not in ignored.split():
            raise Unsupported(f"{what}.{name}")


# ---------------------------------------------------------------------------------------------------------------
# Chance. APISIX throws dice in several places. An evaluation is a function of a Dice; every_way() runs it once for
# each way the dice can fall.


class Dice:
    def __init__(self, script: tuple):
        self.script = script
        self.thrown = ()
        self.chance = Fraction(1)
        self.other_ways = []

    def throw(self, options: list):
        """options: [(Fraction, value)]. Those of no weight are not taken."""
        options = [(p, value) for p, value in options if p > 0]
        if sum(p for p, _ in options) != 1:
            raise AssertionError(f"chances do not sum to 1: {options}")
        at = len(self.thrown)
        if at < len(self.script):
            taken = self.script[at]
        else:
            taken = 0
            self.other_ways += [self.thrown + (i,) for i in range(1, len(options))]
        self.thrown += (taken,)
        self.chance *= options[taken][0]
        return options[taken][1]

    def happens(self, chance: Fraction) -> bool:
        return self.throw([(chance, True), (1 - chance, False)])


def every_way(run) -> list:
    """[(chance, result)] of run(dice), over all ways that the dice can fall."""
    todo, ways = [()], []
    while todo:
        dice = Dice(todo.pop())
        result = run(dice)
        ways.append((dice.chance, result))
        todo += dice.other_ways
    return ways


# The first four hex digits of $request_id, as a set of 65,536 bits.
ALL_IDS = (1 << 65536) - 1


@functools.lru_cache(maxsize=None)
def ids_matching(regex: str, caseless: bool) -> int:
    """Which of the 65,536 prefixes of $request_id (32 random hex digits) a regex matches. One that looks further
    than four digits is not modelled."""
    compiled = pcre.pattern(regex, caseless)
    if not compiled.anchored():
        raise Unsupported(f"request_id ~~ {regex!r} is not anchored")

    def below(prefix: str) -> int:
        answer = compiled.decided(prefix) if prefix else None
        if answer is None and len(prefix) == 4:
            raise Unsupported(f"request_id ~~ {regex!r} looks beyond four digits")
        if answer is None:
            return functools.reduce(int.__or__, (below(prefix + digit) for digit in "0123456789abcdef"))
        width = 16 ** (4 - len(prefix))
        return ((1 << width) - 1) << (int(prefix, 16) * width) if answer else 0

    return below("")


# ---------------------------------------------------------------------------------------------------------------
# nginx: what it makes of a request before APISIX sees it.

HEX = "0123456789abcdefABCDEF"


class BadRequest(Exception):
    """nginx answers 400."""


def normalised(path: str) -> str:
    """$uri: percent-decoded; then // merged; then . and .. resolved, where %2F and %2E count like / and '.'.
    A bad escape, a NUL and a .. above the root are 400."""
    out, i = [], 0
    while i < len(path):
        if path[i] == "%":
            digits = path[i + 1 : i + 3]
            if len(digits) < 2 or digits[0] not in HEX or digits[1] not in HEX or digits == "00":
                raise BadRequest()
            out.append(chr(int(digits, 16)))
            i += 3
        else:
            out.append(path[i])
            i += 1
    decoded = "".join(out)
    while "//" in decoded:
        decoded = decoded.replace("//", "/")
    kept = []
    segments = decoded.split("/")[1:]
    for n, segment in enumerate(segments):
        last = n == len(segments) - 1
        if segment == "..":
            if not kept:
                raise BadRequest()
            kept.pop()
        elif segment != ".":
            kept.append(segment)
            continue
        if last:
            kept.append("")
    return "/" + "/".join(kept)


def host_variable(header: str) -> str:
    """$host: the Host header in lower case, without its port and without a dot at its end."""
    if not header:
        raise Unsupported("a request without a Host")
    host = header.lower()
    if host.startswith("["):
        return host[: host.index("]") + 1]
    return host.split(":")[0].removesuffix(".")


def unescape_arg(value: str) -> str:
    """%XX and + of a query; a bad escape stays as it is."""
    out, i = [], 0
    while i < len(value):
        if value[i] == "%" and value[i + 1 : i + 2] in HEX and value[i + 2 : i + 3] in HEX and len(value) > i + 2:
            out.append(chr(int(value[i + 1 : i + 3], 16)))
            i += 3
        else:
            out.append(" " if value[i] == "+" else value[i])
            i += 1
    return "".join(out)


def query_arguments(args: str) -> dict:
    """The first value of each name; a name without = has the value true; empty names are dropped."""
    found = {}
    for part in args.split("&"):
        name, equals, value = part.partition("=")
        name = unescape_arg(name)
        if name and name not in found:
            found[name] = unescape_arg(value) if equals else True
    return found


def header_survives(name: str) -> bool:
    """nginx drops headers whose names hold more than letters, digits, - and (as APISIX configures it) _."""
    return all(c.isascii() and (c.isalnum() or c in "-_") for c in name)


def escaped_uri(uri: str) -> str:
    """ngx_escape_uri of type 0, which APISIX's uri_safe_encode uses (nginx >= 1.21.1)."""
    unsafe = ' "#%<>?\\^`{|}'
    return "".join(f"%{ord(c):02X}" if c in unsafe or not 32 < ord(c) < 127 else c for c in uri)


class Request:
    """One request inside APISIX, with what plugins changed about it so far."""

    def __init__(self, request: dict, dice: Dice, depth: int):
        only("request", request, "address port scheme sni http method host target headers response_headers")
        self.sent = request
        self.dice = dice
        self.depth = depth
        self.method = request["method"]
        self.target = request["target"]
        if not self.target.startswith("/") or "#" in self.target:
            raise Unsupported(f"request target {self.target!r}")
        if any(not 32 < ord(c) < 127 for c in self.target):
            raise Unsupported(f"request target {self.target!r}")
        path, mark, self.args = self.target.partition("?")
        self.is_args = "?" if mark and self.args else ""
        self.uri = normalised(path)
        self.host = host_variable(request["host"])
        for name, _ in request["headers"]:
            if name in ("host", "content-length", "transfer-encoding"):
                raise Unsupported(f"request header {name}")
        self.headers = [[n.lower(), v.strip(" \t")] for n, v in request["headers"] if header_survives(n)]
        self.changed_headers = set()
        self.request_ids = ALL_IDS
        self.upstream_uri = ""
        self.upstream_host = request["host"]
        self.upstream_id = None
        self.mirrors = []
        self.captures = None
        self.stored = {}

    def header(self, name: str):
        """The values of a header, joined as nginx joins them; None without it."""
        values = [v for n, v in self.headers if n == name]
        return ", ".join(values) if values else None

    def set_header(self, name: str, values: list) -> None:
        self.headers = [h for h in self.headers if h[0] != name] + [[name, v] for v in values if v != ""]
        self.changed_headers.add(name.replace("-", "_"))

    def add_header(self, name: str, value: str) -> None:
        self.headers.append([name, value])
        self.changed_headers.add(name.replace("-", "_"))


# ---------------------------------------------------------------------------------------------------------------
# Variables


def http_variable(req: Request, name: str):
    """http_NAME: header names in lower case with - for _ (so X_A is X-A's alias); repeated ones are joined by ", ",
    in the order sent. ctx.var may still hold the value from before a plugin changed the header: not modelled."""
    name = name.lower().replace("-", "_")
    if name == "host":
        return req.sent["host"]
    if name in req.changed_headers:
        raise Unsupported(f"http_{name} after a plugin changed it")
    values = [v for n, v in req.headers if n.replace("-", "_") == name]
    return ("; " if name == "cookie" else ", ").join(values) if values else None


def cookie_variable(req: Request, name: str):
    """cookie_NAME, case-sensitive."""
    found = {}
    for part in (http_variable(req, "cookie") or "").split(";"):
        key, equals, value = part.strip(" ").partition("=")
        if equals and key in found and key == name:
            raise Unsupported(f"cookie {name} twice")
        found[key] = value
    return found.get(name)


PLAIN_VARIABLES = {
    "uri": lambda req: req.uri,
    "request_uri": lambda req: req.uri + req.is_args + req.args,
    "real_request_uri": lambda req: req.target,
    "args": lambda req: req.args,
    "query_string": lambda req: req.args,
    "is_args": lambda req: req.is_args,
    "host": lambda req: req.host,
    "scheme": lambda req: req.sent["scheme"],
    "request_method": lambda req: req.method,
    "server_port": lambda req: str(req.sent["port"]),
    "server_addr": lambda req: req.sent["address"],
    "ssl_server_name": lambda req: req.sent.get("sni") or None,
    "upstream_uri": lambda req: req.upstream_uri,
}


def variable(req: Request, name: str):
    """ctx.var[name], or None. Names that begin with _, hold a dot or are numbers are nobody's."""
    if name in PLAIN_VARIABLES:
        return PLAIN_VARIABLES[name](req)
    if name.startswith("arg_"):
        return query_arguments(req.args).get(name[4:])
    if name.startswith("http_"):
        return http_variable(req, name[5:])
    if name.startswith("cookie_"):
        return cookie_variable(req, name[7:])
    if name.startswith("_") or name.isdigit() or "." in name:
        return None
    raise Unsupported(f"variable {name}")


def interpolated(req: Request, template: str, escape=None) -> str:
    r"""APISIX's resolve_var: $name, ${name}, ${name ?? default}, not after a backslash (which stays). The bare form
    takes dots into the name. Unknown ones are empty."""

    def one(match):
        parts = pcre.pattern(r"\s*\?\?\s*").replace(match.group(2) or match.group(3), lambda m: "\0").split("\0")
        value = variable(req, parts[0])
        if value is None:
            value = parts[1] if len(parts) > 1 else ""
        elif value is True:
            value = "true"
        return escape(value) if escape else value

    return pcre.pattern(r"(?<!\\)\$(\{\s*([^}]+?)\s*\}|([\w\.]+))").replace(template, one)


def with_captures(template: str, captures) -> str:
    """resolve_var_with_captures: $1, ${1} of proxy-rewrite's regex_uri, before other variables; absent: empty."""

    def one(match):
        return (captures.group(int(match.group(1))) if captures else None) or ""

    return pcre.pattern(r"(?<!\\)\$\{?(\d+)\}?").replace(template, one)


# ---------------------------------------------------------------------------------------------------------------
# Expressions: lua-resty-expr


def lua_number(value):
    """tonumber()"""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            return float(value) if pcre.pattern(r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*\z").search(value) else None
        except ValueError:
            return None
    return None


def found_by(value, regex: str, caseless: bool) -> bool:
    """~~ and ~*: a search, not anchored. A pattern that PCRE refuses never matches, and nobody is told. The boolean
    of a bare ?name is searched as its text."""
    if value is None or value is False:
        return False
    try:
        return pcre.pattern(regex, caseless).search("true" if value is True else value) is not None
    except pcre.BadPattern:
        return False


def equal(value, other) -> bool:
    """==: strict; a number on the right makes the left one a number too; null is an absent variable."""
    if isinstance(other, (int, float)) and not isinstance(other, bool):
        number = lua_number(value)
        return number is not None and number == other
    return type(value) is type(other) and value == other


def in_network(value, networks: list) -> bool:
    """ipmatch"""
    import ipaddress

    try:
        address = ipaddress.ip_address(value or "")
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(n, strict=False) for n in networks)


def ordered(test):
    def compare(value, other):
        left, right = lua_number(value), lua_number(other)
        return left is not None and right is not None and test(left, right)

    return compare


OPERATORS = {
    "==": equal,
    "~=": lambda value, other: not equal(value, other),
    ">": ordered(lambda a, b: a > b),
    ">=": ordered(lambda a, b: a >= b),
    "<": ordered(lambda a, b: a < b),
    "<=": ordered(lambda a, b: a <= b),
    "~~": lambda value, other: found_by(value, other, False),
    "~*": lambda value, other: found_by(value, other, True),
    "in": lambda value, other: any(equal_in_list(value, item) for item in other),
    "has": lambda value, other: False,  # only lists have members, and no variable modelled here is one
    "ipmatch": in_network,
}
LOGIC = ("OR", "AND", "!OR", "!AND")


def equal_in_list(value, item) -> bool:
    """"in" compares without conversion: strings match strings only."""
    return type(value) is type(item) and value == item


def request_id_is(req: Request, op: str, regex: str) -> bool:
    """$request_id is 32 random hex digits, the same all through a request: each question about it narrows what it
    can still be."""
    if op not in ("~~", "~*"):
        raise Unsupported(f"request_id {op}")
    yes = req.request_ids & ids_matching(regex, op == "~*")
    no = req.request_ids & ~yes
    total = req.request_ids.bit_count()
    answer = req.dice.throw([(Fraction(yes.bit_count(), total), True), (Fraction(no.bit_count(), total), False)])
    req.request_ids = yes if answer else no
    return answer


def condition(req: Request, parts: list) -> bool:
    """[variable, operator, value] or [variable, "!", operator, value]"""
    negated = len(parts) == 4
    if negated and parts[1] != "!" or len(parts) not in (3, 4):
        raise Refused(f"condition {parts}")
    name, op, value = parts[0], parts[-2].lower(), parts[-1]
    if op not in OPERATORS:
        raise Unsupported(f"operator {op}")
    if op in ("in", "ipmatch") and not isinstance(value, list) or op in ("~~", "~*") and not isinstance(value, str):
        raise Unsupported(f"condition {parts}")
    if name == "request_id":
        return request_id_is(req, op, value) != negated
    return OPERATORS[op](variable(req, name), value) != negated


def expression(req: Request, rules: list) -> bool:
    """An array of conditions, all of which must hold, or [OR|AND|!OR|!AND, two or more expressions]. [] is true.
    Evaluated from left to right, and no further than needed."""
    if not rules:
        return True
    if isinstance(rules[0], list):
        return all(nested(req, rule) for rule in rules)
    if rules[0].upper() not in LOGIC:
        raise Refused(f"rule should be wrapped inside brackets: {rules}")
    return nested(req, rules)


def nested(req: Request, rule: list) -> bool:
    if not rule:
        raise Refused("an empty rule within an expression")
    if isinstance(rule[0], list):
        return all(nested(req, r) for r in rule)
    logic = rule[0].upper()
    if logic not in LOGIC:
        return condition(req, rule)
    if len(rule) <= 2:
        raise Refused(f"rule too short: {rule}")
    some = any if logic.endswith("OR") else all
    return some(nested(req, r) for r in rule[1:]) != logic.startswith("!")


# ---------------------------------------------------------------------------------------------------------------
# The router: lua-resty-radixtree, and radixtree_host_uri on top of it


METHODS = "GET POST PUT DELETE PATCH HEAD OPTIONS CONNECT TRACE PURGE".split()


def path_pattern_agrees(pattern: str, path: str) -> bool:
    """radixtree's compare_param: where a segment of a pattern begins with : or *, a PCRE is built from the segments,
    unescaped, and must match the whole path, too. So /a+b/* never matches."""
    segments = pattern.split("/")
    while segments and segments[-1] == "":
        segments.pop()
    if not any(s[:1] in (":", "*") for s in segments if s):
        return True
    parts = [{":": r"([^\/]+)", "*": r"((.|\n)*)"}.get(s[:1], s) for s in segments]
    regex = r"\/".join(parts) + (r"\/" if pattern.endswith("/") else "")
    try:
        match = pcre.pattern(regex).search(path)
    except pcre.BadPattern:
        return False
    return match is not None and match.group(0) == path


class Tree:
    """Keys without a * are found by their hash, first; then the others, which are the text before the first *, from
    the longest that begins the path to the shortest. In one key's list: higher priority first, then the longer
    pattern, then the earlier insertion. What does not accept the request is skipped, and the search goes on."""

    def __init__(self):
        self.exact = {}
        self.prefixes = {}

    def insert(self, pattern: str, priority: int, value) -> None:
        if "*" in pattern:
            entries = self.prefixes.setdefault(pattern[: pattern.index("*")], [])
        else:
            entries = self.exact.setdefault(pattern, [])
        entries.append((priority, pattern, value))
        entries.sort(key=lambda e: (-e[0], -len(e[1])))

    def find(self, path: str, accepts):
        for _, _, value in self.exact.get(path, []):
            if accepts(value):
                return value
        for prefix in sorted(self.prefixes, key=len, reverse=True):
            if path.startswith(prefix):
                for _, pattern, value in self.prefixes[prefix]:
                    if accepts(value) and path_pattern_agrees(pattern, path):
                        return value
        return None


ROUTE_FIELDS = "uri uris host hosts methods priority vars filter_func plugins upstream_id status"
ROUTE_IGNORED = "id name desc labels timeout enable_websocket create_time update_time"


class Route:
    def __init__(self, conf: dict):
        only("route", conf, ROUTE_FIELDS, ROUTE_IGNORED)
        self.id = conf["id"]
        if ("uri" in conf) == ("uris" in conf):
            raise Refused(f"route {self.id}: one of uri and uris")
        if "host" in conf and "hosts" in conf:
            raise Refused(f"route {self.id}: one of host and hosts")
        if "plugins" not in conf and "upstream_id" not in conf:
            raise Refused(f"route {self.id}: neither plugins nor an upstream")
        self.uris = conf.get("uris") or [conf["uri"]]
        hosts = conf.get("hosts") or ([conf["host"]] if "host" in conf else None)
        self.hosts = [h.lower() for h in hosts] if hosts else None
        self.methods = conf.get("methods", [])
        if not set(self.methods) <= set(METHODS):
            raise Refused(f"route {self.id}: methods {self.methods}")
        self.priority = conf.get("priority", 0)
        self.vars = conf.get("vars", [])
        self.filter_func = filter_function(conf["filter_func"]) if "filter_func" in conf else None
        self.upstream_id = conf.get("upstream_id")
        self.plugins = [Plugin(name, c) for name, c in sorted(conf.get("plugins", {}).items())]
        self.plugins = [p for p in self.plugins if not p.disabled]
        self.plugins.sort(key=lambda p: -p.priority)
        self.enabled = conf.get("status", 1) == 1

    def accepts(self, req: Request) -> bool:
        """methods, then vars, then filter_func. A method that radixtree does not know matches no route that names
        methods."""
        if self.methods and req.method not in self.methods:
            return False
        return expression(req, self.vars) and (self.filter_func is None or self.filter_func(req))


class Router:
    """radixtree_host_uri: one tree of reversed hosts, whose values are trees of paths; after them the routes without
    a host. A host's tree that has no route for the request is passed over for the next less specific host's."""

    def __init__(self, routes: list):
        by_host, self.without_host = {}, Tree()
        for route in routes:
            if not route.enabled:
                continue
            for tree in (
                [self.without_host]
                if route.hosts is None
                else [by_host.setdefault(host[::-1], Tree()) for host in route.hosts]
            ):
                for uri in route.uris:
                    tree.insert(uri, route.priority, route)
        self.hosts = Tree()
        for host, tree in by_host.items():
            self.hosts.insert(host, 0, tree)

    def find(self, req: Request):
        found = []

        def has_route(tree: Tree) -> bool:
            found[:] = [tree.find(req.uri, lambda route: route.accepts(req))]
            return found[0] is not None

        if self.hosts.find(req.host[::-1], has_route) is not None:
            return found[0]
        return self.without_host.find(req.uri, lambda route: route.accepts(req))


# Lua functions of routes: the text of each, as a pattern with its parameters, and what it does. The text must match in
# full, so a function that changes is Unsupported until its model has changed, too.
def share(match, req) -> bool:
    """Smooth weighted round robin among the routes of one name: the first that is asked chooses for the request, and
    over a round each is chosen as often as its weight says. Here: by chance, in these shares."""
    name, weights, me = match.group(1), [int(w) for w in match.group(2).split(",")], int(match.group(3))
    chosen = req.stored.setdefault("gwpipe_share", {})
    if name not in chosen:
        total = sum(weights)
        chosen[name] = req.dice.throw([(Fraction(w, total), i + 1) for i, w in enumerate(weights)])
    return chosen[name] == me


SHARE = (
    "local c=ngx.ctx.gwpipe_share or {} ngx.ctx.gwpipe_share=c "
    "if not c[k] then "
    "local all=package.loaded['gwpipe.share'] or {} package.loaded['gwpipe.share']=all "
    "local n=table.concat(w,',') local s=all[k] "
    "if not s or s.n~=n then s={n=n} for i=1,#w do s[i]=0 end all[k]=s end "
    "local sum,best=0,1 "
    "for i=1,#w do s[i]=s[i]+w[i] sum=sum+w[i] if s[i]>s[best] then best=i end end "
    "s[best]=s[best]-sum c[k]=best end "
    "return c[k]==me end"
)
FILTER_FUNCTIONS = [
    (r"function\(vars\) local k,w,me='([A-Za-z0-9._-]+)',\{([0-9,]+)\},([0-9]+) " + re.escape(SHARE), share),
]


def filter_function(source: str):
    for regex, model in FILTER_FUNCTIONS:
        match = pcre.pattern(r"\A(?:" + regex + r")\z").search(source)
        if match:
            return functools.partial(model, match)
    raise Unsupported(f"filter_func {source!r}")


# ---------------------------------------------------------------------------------------------------------------
# TLS: ssl objects


def certificate_for(ssls: list, sni) -> bool:
    """radixtree_sni: the reversed name, exact, else the longest wildcard; of equal ones the first. Then a wildcard
    must cover one label only, which is tested by looking for a dot beyond the length of each of the object's names
    (so any name that long will do); if not, no other object is tried. sni "*" (a string) covers all. Without an SNI
    there is no certificate (no fallback_sni is configured)."""
    if not sni:
        return False
    name = sni.lower()[::-1]
    tree = Tree()
    for conf in ssls:
        only("ssl", conf, "sni snis status type", "id labels desc cert key certs keys ssl_protocols")
        if conf.get("type", "server") == "server" and conf.get("status", 1) == 1:
            for pattern in conf.get("snis") or [conf["sni"]]:
                tree.insert(pattern.lower().removesuffix(".")[::-1], 0, conf)
    found = tree.find(name, lambda conf: True)
    if found is None:
        return False
    if "snis" in found:
        names = [n.lower().removesuffix(".")[::-1] for n in found["snis"]]
        return any(name == n or "." not in name[len(n) - 1 :] for n in names)
    return found["sni"] == "*" or "." not in name[len(found["sni"]) - 1 :]


# ---------------------------------------------------------------------------------------------------------------
# Plugins. A phase function gets the request and the plugin's configuration; Exit ends the request there.


class Exit(Exception):
    def __init__(self, status: int, headers: list = ()):
        self.status = status
        self.headers = [list(h) for h in headers]


class Response:
    """What goes to the client: got is the endpoint's view of the request, None if APISIX answers itself."""

    def __init__(self, status: int, headers: list, got=None, mirrors=()):
        self.status = status
        self.headers = headers
        self.got = got
        self.mirrors = list(mirrors)

    def set_header(self, name: str, value) -> None:
        """ngx.header[name] = value: _ in the name becomes -; no value, or an empty one, removes the header."""
        name = name.lower().replace("_", "-")
        self.headers = [h for h in self.headers if h[0] != name]
        if value is not None and str(value).strip(" \t") != "":
            self.headers.append([name, str(value).strip(" \t")])

    def add_header(self, name: str, value: str) -> None:
        name = name.lower().replace("_", "-")
        if name in ("content-type", "content-length", "location", "last-modified", "etag", "date", "server"):
            raise Unsupported(f"response header {name} added")
        self.headers.append([name, value.strip(" \t")])


def printable(value: str) -> str:
    if any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise Unsupported(f"control characters in {value!r}")
    return value


def fault_injection(req: Request, conf: dict) -> None:
    """abort: with a percentage, for that share; with vars, if any of the expressions holds. Headers are
    interpolated, empty ones dropped."""
    only("fault-injection", conf, "abort")
    abort = conf["abort"]
    only("fault-injection.abort", abort, "http_status percentage vars headers", "body")
    if not req.dice.happens(Fraction(abort.get("percentage", 100), 100)):
        return
    if "vars" in abort and not any(expression(req, rules) for rules in abort["vars"]):
        return
    response = Response(abort["http_status"], [])
    for name, value in abort.get("headers", {}).items():
        response.set_header(name, printable(interpolated(req, str(value))))
    raise Exit(response.status, response.headers)


CORS_ALL_METHODS = "GET,POST,PUT,DELETE,PATCH,HEAD,OPTIONS,CONNECT,TRACE"


def cors_rewrite(req: Request, conf: dict) -> None:
    """Every OPTIONS request is answered here, even one that is no preflight."""
    only(
        "cors",
        conf,
        "allow_origins allow_methods allow_headers expose_headers max_age allow_credential allow_origins_by_regex",
    )
    if conf.get("allow_credential") and "*" in [
        conf.get("allow_origins", "*"),
        conf.get("allow_methods", "*"),
        conf.get("allow_headers", "*"),
        conf.get("expose_headers"),
    ]:
        raise Refused("cors: * with allow_credential")
    req.stored["origin"] = req.header("origin")
    if req.method == "OPTIONS":
        raise Exit(200)


def cors_allows(conf: dict, origin):
    """Which origin is written back, if any. With allow_origins_by_regex only that counts (allow_origins should then
    be "null", which also makes for Vary). What one literal in allow_origins does is not clear from the facts."""
    if "allow_origins_by_regex" in conf:
        if conf.get("allow_origins") != "null":
            raise Unsupported("cors: allow_origins_by_regex without allow_origins null")
        return origin if found_by(origin, "|".join(conf["allow_origins_by_regex"]), False) else None
    allowed = conf.get("allow_origins", "*")
    if allowed == "*":
        return "*"
    if allowed == "**":
        return origin or "*"
    if "," not in allowed:
        raise Unsupported(f"cors.allow_origins {allowed!r}")
    return origin if origin in allowed.split(",") else None


def cors_header_filter(req: Request, conf: dict, response: Response) -> None:
    """Vary: Origin unless all origins are allowed; the other headers for an allowed origin only. Empty lists make no
    header, ** stands for all methods or for the headers asked for."""
    if "origin" not in req.stored:
        return  # its rewrite phase never ran: an earlier plugin answered
    allowed = cors_allows(conf, req.stored["origin"])
    if conf.get("allow_origins", "*") != "*":
        response.add_header("Vary", "Origin")
    if allowed is None:
        return
    methods, headers = conf.get("allow_methods", "*"), conf.get("allow_headers", "*")
    response.set_header("Access-Control-Allow-Origin", allowed)
    response.set_header("Access-Control-Allow-Methods", CORS_ALL_METHODS if methods == "**" else methods)
    response.set_header("Access-Control-Max-Age", conf.get("max_age", 5))
    response.set_header("Access-Control-Expose-Headers", conf.get("expose_headers"))
    asked = req.header("access-control-request-headers")
    response.set_header("Access-Control-Allow-Headers", asked if headers == "**" else headers)
    if conf.get("allow_credential"):
        response.set_header("Access-Control-Allow-Credentials", "true")


def substituted(match, template: str) -> str:
    """ngx.re.sub's replacement: $1, ${1}, $0 and $$; no other $ is allowed."""

    def one(m):
        if m.group(0) == "$$":
            return "$"
        number = m.group(1) or m.group(2)
        if number is None:
            raise Refused(f"replacement {template!r}")
        return match.group(int(number)) or ""

    return pcre.pattern(r"\$(?:\$|(\d+)|\{(\d+)\}|)").replace(template, one)


def rewritten_path(req: Request, conf: dict) -> str:
    """What proxy-rewrite makes of the path: the decoded and normalised $uri, or the raw request target with
    use_real_request_uri_unsafe; replaced by uri, or by the first pair of regex_uri that matches. Without the flag
    it is encoded again, up to a ? of the configuration's, and the query is appended; with it nothing more is done
    (so uri with the flag loses the query)."""
    unsafe = conf.get("use_real_request_uri_unsafe", False)
    path = req.target if unsafe else req.uri
    own_query = False  # whether a ? in it is a separator, not a decoded %3F
    if "uri" in conf:
        own_query = True
        path = interpolated(req, conf["uri"], lambda value: value.replace("?", "%3F", 1))
    elif "regex_uri" in conf:
        pairs = conf["regex_uri"]
        own_query = "?" not in path
        for regex, template in zip(pairs[::2], pairs[1::2], strict=True):
            match = pcre.pattern(regex).search(path)
            if match:
                req.captures = match
                start, end = match.span()
                path = path[:start] + substituted(match, template) + path[end:]
                break
    if unsafe:
        return path
    cut = path.find("?") if own_query else -1
    joint = "&" if cut >= 0 else "?"
    path = escaped_uri(path) if cut < 0 else escaped_uri(path[:cut]) + path[cut:]
    return path + joint + req.args if req.is_args else path


def as_list(value) -> list:
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]


def proxy_rewrite(req: Request, conf: dict) -> None:
    """The path, then the headers: add, set, remove, in this order. A value set to nothing removes the header. Host
    is not to be had here (host is), so setting or removing it does nothing."""
    only("proxy-rewrite", conf, "uri regex_uri host headers method use_real_request_uri_unsafe")
    if not conf:
        raise Refused("proxy-rewrite: empty")
    req.upstream_host = conf.get("host", req.upstream_host)
    req.upstream_uri = printable(rewritten_path(req, conf))
    headers = conf.get("headers", {})
    only("proxy-rewrite.headers", headers, "add set remove")

    def values(templates) -> list:
        return [printable(interpolated(req, with_captures(t, req.captures))).strip(" \t") for t in as_list(templates)]

    for name, templates in headers.get("add", {}).items():
        if name.lower() == "host":
            raise Unsupported("proxy-rewrite.headers.add.host")
        for value in values(templates):
            req.add_header(name.lower(), value)
    for name, templates in headers.get("set", {}).items():
        if name.lower() != "host":
            req.set_header(name.lower(), values(templates))
    for name in headers.get("remove", []):
        if name.lower() != "host":
            req.set_header(name.lower(), [])
    req.method = conf.get("method", req.method)


def redirect(req: Request, conf: dict) -> None:
    r"""Location: $name and ${name} are variables, unknown ones are empty; \$name stays as it is; any other
    backslash is lost."""
    only("redirect", conf, "uri ret_code append_query_string encode_uri")
    if "uri" not in conf:
        raise Unsupported("redirect without uri")

    def value(name: str) -> str:
        found = variable(req, name)
        if found is True:
            raise Unsupported(f"redirect to the value of a bare {name}")
        return found or ""

    out = []
    token = pcre.pattern(r"(\\\$[0-9a-zA-Z_]+)|\$\{([0-9a-zA-Z_]+)\}|\$([0-9a-zA-Z_]+)|(\$|[^$\\]+)")
    for match in token.each(conf["uri"]):
        name = match.group(2) or match.group(3)
        out.append(value(name) if name else match.group(1) or match.group(4))
    location = "".join(out)
    cut = location.find("?")
    if conf.get("encode_uri"):
        location = escaped_uri(location) if cut < 0 else escaped_uri(location[:cut]) + location[cut:]
    if conf.get("append_query_string") and req.is_args:
        location += ("?" if cut < 0 else "&") + req.args
    if not location.startswith(("http://", "https://")):
        raise Unsupported(f"redirect to {location!r}")
    raise Exit(conf.get("ret_code", 302), [["location", printable(location)]])


def proxy_mirror(req: Request, conf: dict) -> None:
    """Chooses the mirror and its URI: what proxy-rewrite left if that ran before (which takes a _meta.priority), else
    the decoded one. It is sent when the request is proxied. The share is not thrown for here: a mirror does not
    change what the client gets, so its share is multiplied instead."""
    only("proxy-mirror", conf, "host path path_concat_mode sample_ratio")
    uri = req.upstream_uri or req.uri + req.is_args + req.args
    if "path" in conf:
        if conf.get("path_concat_mode", "replace") == "prefix":
            uri = conf["path"] + uri
        else:
            uri = conf["path"] + req.is_args + req.args
    req.stored["mirror"] = (Fraction(repr(conf.get("sample_ratio", 1))), conf["host"], uri)


def traffic_split(req: Request, conf: dict) -> None:
    """The first rule without match, or one of whose matches holds, chooses by weight; an entry without upstream_id
    means the route's own upstream. One id twice counts once, with its last weight. A missing upstream in any rule
    is a 500 for every request."""
    only("traffic-split", conf, "rules")
    rules = conf.get("rules", [])
    for rule in rules:
        only("traffic-split.rules", rule, "match weighted_upstreams")
        for entry in rule.get("weighted_upstreams", []):
            only("traffic-split.rules.weighted_upstreams", entry, "upstream_id weight")
            if "upstream_id" in entry and entry["upstream_id"] not in req.stored["upstreams"]:
                raise Exit(500)
    for rule in rules:
        for match in rule.get("match", []):
            only("traffic-split.rules.match", match, "vars")
        if "match" not in rule or any(expression(req, m.get("vars", [])) for m in rule["match"]):
            weights = {e.get("upstream_id"): e.get("weight", 1) for e in rule.get("weighted_upstreams", [{}])}
            total = sum(weights.values())
            if total == 0:
                raise Unsupported("traffic-split with weights 0 only")
            chosen = req.dice.throw([(Fraction(w, total), id) for id, w in weights.items()])
            req.upstream_id = chosen or req.upstream_id
            return


def response_rewrite(req: Request, conf: dict, response: Response) -> None:
    """vars, then the status, then headers: add, set, remove. Also on answers of APISIX's own. A value in add that
    holds another : or ends in / is refused."""
    only("response-rewrite", conf, "headers status_code vars")
    if not expression(req, conf.get("vars", [])):
        return
    if "status_code" in conf:
        if response.got:
            raise Unsupported("response-rewrite.status_code for an answer of a backend")
        response.status = conf["status_code"]
    headers = conf.get("headers", {})
    only("response-rewrite.headers", headers, "add set remove")
    for line in headers.get("add", []):
        if not pcre.pattern(r"^[^:]+:[^:]*[^/]$").search(line):
            raise Refused(f"response-rewrite.headers.add {line!r}")
        match = pcre.pattern(r"^([^:\s]+)\s*:\s*([^:]*)$").search(line)
        if not match:
            raise Unsupported(f"response-rewrite.headers.add {line!r}")
        response.add_header(match.group(1), printable(interpolated(req, match.group(2))))
    for name, value in headers.get("set", {}).items():
        response.set_header(name, printable(interpolated(req, str(value))))
    for name in headers.get("remove", []):
        response.set_header(name, None)


PLUGINS = {
    "fault-injection": (11000, {"rewrite": fault_injection}),
    "cors": (4000, {"rewrite": cors_rewrite, "header_filter": cors_header_filter}),
    "proxy-mirror": (1010, {"rewrite": proxy_mirror}),
    "proxy-rewrite": (1008, {"rewrite": proxy_rewrite}),
    "traffic-split": (966, {"access": traffic_split}),
    "redirect": (900, {"rewrite": redirect}),
    "response-rewrite": (899, {"header_filter": response_rewrite}),
}


class Plugin:
    """One plugin of a route. _meta: disable, priority (another place in the order), filter (an expression that is
    evaluated once per request; where it is false no phase runs)."""

    def __init__(self, name: str, conf: dict):
        if name not in PLUGINS:
            raise Unsupported(f"plugin {name}")
        self.name = name
        self.conf = {k: v for k, v in conf.items() if k != "_meta"}
        meta = conf.get("_meta", {})
        only(f"{name}._meta", meta, "disable priority filter")
        self.priority = meta.get("priority", PLUGINS[name][0])
        self.disabled = meta.get("disable", False)
        self.filter = meta.get("filter")
        self.phases = PLUGINS[name][1]

    def run(self, phase: str, req: Request, *response) -> None:
        if phase not in self.phases:
            return
        if self.filter is not None:
            key = "filter " + self.name
            if key not in req.stored:
                req.stored[key] = expression(req, self.filter)
            if not req.stored[key]:
                return
        self.phases[phase](req, self.conf, *response)


# ---------------------------------------------------------------------------------------------------------------
# Upstreams


def split_address(url: str):
    """scheme://host[:port]"""
    scheme, _, address = url.partition("://")
    host, colon, port = address.rpartition(":")
    if not colon or address.endswith("]"):
        host, port = address, {"http": 80, "https": 443, "grpc": 80, "grpcs": 443}[scheme]
    return scheme, host, int(port)


def chosen_node(dice: Dice, nodes: list):
    """roundrobin over the nodes of the highest priority, in proportion to their weights. A node given twice counts
    once, with its last weight; if all weights are 0 the shares are equal, and a single node gets everything."""
    top = max(node.get("priority", 0) for node in nodes)
    weights = {}
    for node in nodes:
        only("upstream.nodes", node, "host port weight priority")
        if node.get("priority", 0) == top:
            weights[(node["host"], node["port"])] = node["weight"]
    if not any(weights.values()):
        weights = dict.fromkeys(weights, 1)
    total = sum(weights.values())
    return dice.throw([(Fraction(weight, total), address) for address, weight in weights.items()])


HOP_BY_HOP = "connection keep-alive proxy-connection te trailer transfer-encoding upgrade".split()
NOT_SHOWN = "host x-real-ip".split()


def no_references(value) -> None:
    """Strings that begin with $secret:// or $env:// are replaced in every plugin, and ${{NAME}} everywhere, when a
    configuration is loaded."""
    if isinstance(value, str):
        if "${{" in value or value.lower().startswith(("$secret://", "$env://")):
            raise Unsupported(f"reference {value!r}")
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            no_references(item)
        if isinstance(value, dict):
            no_references(list(value))


class Apisix:
    def __init__(self, document: dict, hop_port: int = 19080):
        document = raw(document)
        no_references(document)
        for kind, objects in document.items():
            if objects and kind not in ("routes", "upstreams", "ssls", "stream_routes"):
                raise Unsupported(kind)
        self.hop_port = hop_port
        self.upstreams = {}
        for conf in document.get("upstreams") or []:
            only(
                "upstream",
                conf,
                "id type nodes scheme pass_host upstream_host",
                "name desc labels retries retry_timeout timeout keepalive_pool tls create_time update_time",
            )
            if conf.get("type", "roundrobin") != "roundrobin":
                raise Unsupported(f"upstream.type {conf['type']}")
            self.upstreams[conf["id"]] = conf
        self.ssls = document.get("ssls") or []
        self.router = Router([Route(conf) for conf in document.get("routes") or []])

    def evaluate(self, request: dict) -> dict:
        """The outcome of a request, as README.md has it."""
        request = raw(request)
        if request["scheme"] == "https" and not certificate_for(self.ssls, request.get("sni")):
            return {"tls": "refused"}
        ways = every_way(lambda dice: self.answer(request, self.served(request, dice, 0)))
        return {"shares": [[chance, text(answer)] for chance, answer in merged(ways)]}

    def served(self, request: dict, dice: Dice, depth: int) -> Response:
        """One request from nginx's reading of it to the headers of its response."""
        if depth > 16:
            raise Unsupported("a loop through the loopback port")
        try:
            req = Request(request, dice, depth)
        except BadRequest:
            return Response(400, [])
        if req.method in ("TRACE", "CONNECT"):  # nginx
            return Response(405, [])
        route = self.router.find(req)
        if route is None:
            return Response(404, [])
        req.upstream_id = route.upstream_id
        req.stored["upstreams"] = self.upstreams
        try:
            for phase in ("rewrite", "access"):
                for plugin in route.plugins:
                    plugin.run(phase, req)
            response = self.proxied(req)
        except Exit as answer:
            response = Response(answer.status, answer.headers)
        for plugin in route.plugins:
            plugin.run("header_filter", req, response)
        return response

    def proxied(self, req: Request) -> Response:
        """No upstream, a missing one and one without nodes are 503. pass_host says which Host is sent: pass, what
        the client or proxy-rewrite.host said; rewrite, upstream_host. The raw target is sent unless proxy-rewrite
        left another. An address on the loopback port is APISIX itself."""
        upstream = self.upstreams.get(req.upstream_id)
        if upstream is None or not upstream.get("nodes"):
            raise Exit(503)
        host, port = chosen_node(req.dice, upstream["nodes"])
        scheme = upstream.get("scheme", "http")
        if scheme not in ("http", "https", "grpc", "grpcs"):
            raise Unsupported(f"upstream.scheme {scheme}")
        pass_host = upstream.get("pass_host", "pass")
        if pass_host == "rewrite":
            req.upstream_host = upstream["upstream_host"]
        elif pass_host != "pass":
            raise Unsupported(f"upstream.pass_host {pass_host}")
        target = req.upstream_uri or req.target
        if scheme.startswith("grpc"):
            req.set_header("content-type", ["application/grpc"])
        mirrors = self.mirrored(req)
        if (host, port) == ("127.0.0.1", self.hop_port):
            response = self.served(self.hop(req, scheme, target), req.dice, req.depth + 1)
            response.mirrors += mirrors
            return response
        got = {
            "endpoint": f"{host}:{port}",
            "host": req.upstream_host,
            "target": target,
            "headers": sorted(shown(req.headers), key=lambda h: h[0]),
            "protocol": scheme,
        }
        return Response(200, [[n.lower(), v] for n, v in req.sent["response_headers"]], got, mirrors)

    def hop(self, req: Request, scheme: str, target: str) -> dict:
        """The request that APISIX gets from itself."""
        if scheme not in ("http", "grpc"):
            raise Unsupported(f"{scheme} to the loopback port")
        return {
            "address": "127.0.0.1",
            "port": self.hop_port,
            "scheme": "http",
            "sni": None,
            "http": "2" if scheme == "grpc" else "1.1",
            "method": req.method,
            "host": req.upstream_host,
            "target": target,
            "headers": [h for h in req.headers if h[0] not in HOP_BY_HOP],
            "response_headers": req.sent["response_headers"],
        }

    def mirrored(self, req: Request) -> list:
        """[(share, address)] of the copies of a request that is proxied. A URI with a character that no request line
        may hold (a decoded one) is never sent. The copy has the headers and Host that the backend gets, and may go
        to APISIX itself."""
        if "mirror" not in req.stored:
            return []
        share, url, uri = req.stored["mirror"]
        if any(not 32 < ord(c) < 127 for c in uri):
            return []
        scheme, host, port = split_address(url)
        if (host, port) != ("127.0.0.1", self.hop_port):
            return [(share, f"{host}:{port}")]
        copies = []
        for chance, response in every_way(lambda d: self.served(self.hop(req, scheme, uri), d, req.depth + 1)):
            if response.got:
                copies.append((share * chance, response.got["endpoint"]))
            copies += [(share * chance * s, address) for s, address in response.mirrors]
        return copies

    def answer(self, request: dict, response: Response) -> tuple:
        """A response as README.md's ANSWER, and its mirrors apart."""
        if response.got:
            got = dict(response.got, response_headers=sorted(response.headers, key=lambda h: h[0]))
            return got, response.mirrors
        local = {"status": response.status}
        headers = dict(response.headers)
        if 300 <= response.status < 400 and "location" in headers:
            local["location"] = headers["location"]
        if request["method"] == "OPTIONS" and response.status in (200, 204):
            local["headers"] = sorted(h for h in response.headers if h[0].startswith("access-control-"))
        if "grpc-status" in headers:
            local["grpc-status"] = int(headers["grpc-status"])
        return local, response.mirrors


def shown(headers: list) -> list:
    return [h for h in headers if h[0] not in HOP_BY_HOP + NOT_SHOWN and not h[0].startswith("x-forwarded-")]


def merged(ways: list) -> list:
    """Equal answers become one, whose mirrors have the average of their shares."""
    groups = {}
    for chance, (answer, mirrors) in ways:
        group = groups.setdefault(json.dumps(answer, sort_keys=True), [Fraction(0), answer, {}])
        group[0] += chance
        for share, address in mirrors:
            group[2][address] = group[2].get(address, 0) + chance * share
    out = []
    for _, (chance, answer, mirrors) in sorted(groups.items()):
        if mirrors and "endpoint" in answer:
            answer["mirrors"] = sorted([share / chance, address] for address, share in mirrors.items())
        out.append((chance, answer))
    return out


def main() -> None:
    if len(sys.argv) != 3 or sys.argv[1].startswith("-"):
        sys.exit("usage: apisix.py CONFIG.json REQUEST.json")
    with open(sys.argv[1], encoding="utf-8") as config, open(sys.argv[2], encoding="utf-8") as request:
        outcome = Apisix(json.load(config)).evaluate(json.load(request))
    print(json.dumps(outcome, indent=2, default=str, ensure_ascii=False))


if __name__ == "__main__":
    main()
