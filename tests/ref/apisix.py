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
    bits = bytearray(8192)
    for n in range(65536):
        found = {compiled.search(f"{n:04x}" + tail) is not None for tail in ("0" * 28, "f" * 28, "08" * 14)}
        if len(found) > 1:
            raise Unsupported(f"request_id ~~ {regex!r} looks beyond four digits")
        if found.pop():
            bits[n >> 3] |= 1 << (n & 7)
    return int.from_bytes(bits, "little")


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
    """ctx.var[name], or None. Names that begin with _ are nobody's."""
    if name in PLAIN_VARIABLES:
        return PLAIN_VARIABLES[name](req)
    if name.startswith("arg_"):
        return query_arguments(req.args).get(name[4:])
    if name.startswith("http_"):
        return http_variable(req, name[5:])
    if name.startswith("cookie_"):
        return cookie_variable(req, name[7:])
    if name.startswith("_") or name.isdigit():
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
