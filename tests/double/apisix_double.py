#!/usr/bin/env python3
"""A strict double of an APISIX 3.18: Admin API (etcd), API-driven standalone, control API. See README.md beside it.

    apisix_double.py [--mode admin|standalone] [--port N] [--schema FILE] [--script FILE] [...]

Prints one line of JSON when it is ready: {"pid":..., "admin":PORT, "control":PORT, "double":PORT}.
"""

import argparse
import asyncio
import collections
import email.utils
import hashlib
import json
import os
import signal
import ssl
import sys
import time
import urllib.parse

from apisix_admin import KEY, Admin, Entry, encode, lua, upstream_ids
from apisix_schema import SINGULAR, Schemas
from apisix_standalone import MEMORY, Standalone

HEAD_MOST, BODY_MOST = 65536, 64 << 20
REASONS = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 302: "Moved Temporarily", 400: "Bad Request",
    401: "Unauthorized", 404: "Not Found", 405: "Not Allowed", 413: "Request Entity Too Large", 429: "Too Many Requests",
    500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Temporarily Unavailable",
}  # fmt: skip


class Bad(Exception):
    """A request that no answer of the API can be given to."""


class Request:
    __slots__ = ("method", "target", "headers", "body", "close")

    def __init__(self, method: str, target: str, headers: dict, body: bytes, close: bool):
        self.method, self.target, self.headers, self.body, self.close = method, target, headers, body, close

    @property
    def short(self) -> str:
        return "%s %s" % (self.method, self.target.removeprefix("/apisix/admin") or "/")


class Parser:
    """HTTP/1.1 requests out of bytes."""

    def __init__(self):
        self.buffer = bytearray()
        self.head = None  # (method, target, headers, close, size or None when chunked, where the body begins)
        self.expects = False

    def take(self) -> Request | None:
        if self.head is None and not self.take_head():
            return None
        method, target, headers, close, size = self.head
        if size is None:
            body = self.take_chunks()
            if body is None:
                return None
        else:
            if len(self.buffer) < size:
                return None
            body = bytes(self.buffer[:size])
            del self.buffer[:size]
        self.head = None
        return Request(method, target, headers, body, close)

    def take_head(self) -> bool:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self.buffer) > HEAD_MOST:
                raise Bad("head too long")
            return False
        lines = self.buffer[:end].decode("latin-1").split("\r\n")
        del self.buffer[: end + 4]
        words = lines[0].split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise Bad("no request line")
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise Bad("no header: " + line)
            headers[name.lower()] = value.strip()
        if "host" not in headers and words[2] == "HTTP/1.1":
            raise Bad("no Host")
        close = headers.get("connection", "").lower() == "close" or words[2] == "HTTP/1.0"
        if headers.get("transfer-encoding", "").lower() == "chunked":
            size = None
        else:
            length = headers.get("content-length", "0")
            if not length.isascii() or not length.isdigit() or int(length) > BODY_MOST:
                raise Bad("Content-Length")
            size = int(length)
        self.expects = headers.get("expect", "").lower() == "100-continue"
        self.head = (words[0], words[1], headers, close, size)
        return True

    def take_chunks(self) -> bytes | None:
        at, parts = 0, []
        while True:
            end = self.buffer.find(b"\r\n", at)
            if end < 0:
                return None
            try:
                size = int(bytes(self.buffer[at:end]).split(b";")[0], 16)
            except ValueError:
                raise Bad("chunk size") from None
            if size > BODY_MOST:
                raise Bad("chunk size")
            if len(self.buffer) < end + 2 + size + 2:
                return None
            parts.append(bytes(self.buffer[end + 2 : end + 2 + size]))
            at = end + 2 + size + 2
            if size == 0:
                del self.buffer[:at]
                return b"".join(parts)


class Rule:
    """What to do instead at the nth request that begins so, with that in its body, and at how many of them (0: all that
    follow)."""

    def __init__(self, given: dict):
        known = {"match", "holds", "nth", "times", "do"}
        if given.keys() - known or not isinstance(given.get("do"), dict):
            raise ValueError("a rule has match, holds, nth, times, do, not " + ", ".join(sorted(given)))
        if given["do"].keys() - ACTIONS:
            raise ValueError("nobody can do " + ", ".join(sorted(given["do"].keys() - ACTIONS)))
        for name, known in (("cut", CUTS), ("garbage", GARBAGE.keys() | {"huge"})):
            if name in given["do"] and given["do"][name] not in known:
                raise ValueError("no %s called %s" % (name, given["do"][name]))
        self.match, self.do = given.get("match", ""), given["do"]
        self.holds = given.get("holds", "").encode()
        self.nth, self.times = given.get("nth", 1), given.get("times", 1)
        self.seen = self.hits = 0

    def hit(self, short: str, body: bytes) -> bool:
        if not short.startswith(self.match) or self.holds not in body:
            return False
        self.seen += 1
        if self.seen < self.nth or (self.times and self.seen >= self.nth + self.times):
            return False
        self.hits += 1
        return True


ACTIONS = {
    "status", "body", "headers", "applies", "delay_ms", "cut", "stall_ms", "hang", "garbage", "restart", "die", "edit", "raw",
}  # fmt: skip
CUTS = {"before", "after", "middle"}
GARBAGE = {
    "text": b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<html>no</html>",
    "binary": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03garbage\r\n\r\n",
    "long": b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"value":{}}',
    "short": b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{"value":{},"key":"/apisix/routes/r1"}',
    "empty": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "headless": b'{"value":{}}\n',
}


class Double:
    def __init__(self, options):
        self.options = options
        self.offset, self.fixed = 0.0, None
        self.schemas = Schemas(options.schema)
        if options.mode == "admin":
            self.api = Admin(self.schemas, options.key, options.viewer_key, not options.no_stream, self.clock)
            self.api.fills_in = options.old
        else:
            self.api = Standalone(self.schemas, options.key, options.viewer_key, options.memory, self.clock)
        self.api.on_publish = self.publish
        self.settings = {"delay_ms": options.delay, "apply_ms": 0.0, "lag_ms": 0.0}
        self.rules, self.log, self.counts = [], [], collections.Counter()
        self.log_file = open(options.log, "a", buffering=1, encoding="utf-8") if options.log else None
        self.served = {}  # what the data plane of an etcd has: kind: {id: entry}
        self.laggard, self.asked, self.control_says = {}, 0, None  # a second worker, which is later by lag_ms
        self.unloaded = []  # ids that no worker takes over
        self.document_seen = None
        self.control_paths, self.control_connections = collections.Counter(), 0
        self.connections, self.opened, self.serial = set(), 0, 0
        self.listener, self.port, self.context = None, options.port, None

    def clock(self) -> float:
        return self.fixed if self.fixed is not None else time.time() + self.offset

    # What the data plane has.

    def publish(self, kind: str, name: str, entry) -> None:
        wait = self.settings["apply_ms"] / 1000
        lag = wait + self.settings["lag_ms"] / 1000
        if name in self.unloaded:
            return
        for served, after in ((self.served, wait), (self.laggard, lag)):
            if after:
                asyncio.get_running_loop().call_later(after, self.serve_entry, served, kind, name, entry)
            else:
                self.serve_entry(served, kind, name, entry)

    async def follow(self, path: str) -> None:
        """A data plane of the file: looks once a second whether its time, in whole seconds, is another."""
        while True:
            try:
                seen = int(os.stat(path).st_mtime)
                if seen != self.document_seen:
                    with open(path, encoding="utf-8") as f:
                        self.load(json.load(f), seen)
                    self.document_seen = seen
            except (OSError, ValueError):
                pass  # what there was stays
            await asyncio.sleep(1)

    def load(self, document: dict, version: int) -> None:
        kinds = {k: {o["id"]: o for o in v if "id" in o} for k, v in document.items() if isinstance(v, list)}
        self.served = {
            k: {n: Entry("/%s/%s" % (k, n), k, o, version, version) for n, o in v.items() if n not in self.unloaded}
            for k, v in kinds.items()
        }
        self.laggard = self.served

    def serve_entry(self, served: dict, kind: str, name: str, entry) -> None:
        there = served.setdefault(kind, {})
        if entry is None:
            there.pop(name, None)
        else:
            there[name] = entry

    def served_list(self, kind: str, served: dict | None = None) -> dict:
        """id: an object as a worker holds it."""
        if isinstance(self.api, Standalone):
            version, there = self.api.workers.get(kind, (0, {}))
            items = {n: (o, i if i is not None else version, i if i is not None else version) for n, (i, o) in there.items()}
        else:
            items = {n: (e.value, e.modified, e.created) for n, e in (self.served if served is None else served).get(kind, {}).items()}
        return {
            n: {
                "key": "/apisix/%s/%s" % (kind, n),
                "value": lua(self.noted(self.schemas.with_defaults(kind, {k: v for k, v in o.items() if k != "modifiedIndex"}))),
                "modifiedIndex": modified,
                "createdIndex": created,
            }
            for n, (o, modified, created) in items.items()
        }

    @staticmethod
    def noted(value: dict) -> dict:
        """What a worker writes into an object that it works with."""
        if isinstance(value.get("plugins"), dict):
            confs = value["plugins"].items()
            value = dict(value, plugins={k: {"_meta": {}, **v} if isinstance(v, dict) else v for k, v in confs})
        return value

    def control(self, request: Request):
        """The control API and the status server in one."""
        path = request.target.partition("?")[0]
        self.asked += 1
        self.control_paths[path] += 1
        if self.control_says is not None:
            return self.control_says[0], self.control_says[1], {}
        served = self.laggard if self.asked.bit_count() % 2 else self.served  # whichever takes the connection
        if path == "/status":
            return 200, {"status": "ok"}, {}
        if path == "/status/ready":
            if isinstance(self.api, Standalone) and not self.api.ready:
                return 503, {"status": "error", "error": "worker id: 0 has not received configuration"}, {}
            return 200, {"status": "ok"}, {}
        if path == "/v1/schema":
            return (200, self.schemas.all, {}) if self.schemas.all else (404, {"error_msg": "no schema file was given"}, {})
        for kind in ("routes", "services", "upstreams", "plugin_metadata"):
            plural = "plugin_metadatas" if kind == "plugin_metadata" else kind
            if path == "/v1/" + plural:
                return 200, encode(list(self.served_list(kind, served).values()) or {}), {}
            if path.startswith("/v1/%s/" % SINGULAR[kind]):
                name = urllib.parse.unquote(path.rsplit("/", 1)[1])
                one = self.served_list(kind, served).get(name)
                return (200, one, {}) if one else (404, {"error_msg": "%s[%s] not found" % (SINGULAR[kind], name)}, {})
        return 404, {"error_msg": "404 Not Found"}, {}

    def asker(self):
        self.control_connections += 1
        return Plain(self.control)

    # What tests say to it.

    def told(self, request: Request):
        path = request.target.partition("?")[0].removeprefix("/_double/")
        call = getattr(self, "do_" + path.replace("/", "_"), None)
        if not call:
            return 404, {"error": "no such command: " + path}, {}
        try:
            given = json.loads(request.body) if request.body else None
            said = call(given)
        except (ValueError, KeyError, TypeError, AttributeError) as e:
            return 400, {"error": "%s: %s" % (type(e).__name__, e)}, {}
        return 200, {} if said is None else said, {}

    def do_log(self, given):
        return {"log": self.log}

    def do_stats(self, given):
        return {
            "requests": len(self.log),
            "counts": dict(sorted(self.counts.items())),
            "writes": sum(n for k, n in self.counts.items() if not k.startswith(("GET ", "HEAD ")) and "validate" not in k),
            "connections": self.opened,
            "dangling": self.api.dangling,
            "wrong": getattr(self.api, "wrong", []),
        }

    def do_asked(self, given):
        """Of the control API."""
        return {"paths": dict(sorted(self.control_paths.items())), "connections": self.control_connections}

    def do_state(self, given):
        return self.api.state()

    def do_served(self, given):
        """All kinds as the data plane has them, and whether it is whole."""
        stream = self.api.stream[1] if isinstance(self.api, Standalone) else {}
        kinds = self.api.workers if isinstance(self.api, Standalone) else self.served
        there = {k: {n: o["value"] for n, o in self.served_list(k).items()} for k in kinds if k != "credentials"}
        upstreams = there.get("upstreams", {})
        users = [(k, n, v) for k in ("routes", "services", "stream_routes") for n, v in there.get(k, {}).items()]
        missing = [[k, n, u] for k, n, v in users for u in upstream_ids(v) if u not in upstreams]
        return {"http": there, "stream": stream, "missing": missing}

    def do_forget(self, given):
        self.log.clear()
        self.counts.clear()
        self.api.dangling.clear()
        getattr(self.api, "wrong", []).clear()

    def do_faults(self, given):
        """A list of rules replaces those there were; without one, tells how often each was hit."""
        if given is not None:
            self.rules = [Rule(r) for r in given]
        return {"faults": [{"match": r.match, "do": r.do, "seen": r.seen, "hits": r.hits} for r in self.rules]}

    def do_set(self, given):
        for name, value in given.items():
            if name in self.settings:
                self.settings[name] = float(value)
            elif name == "stale_view_ms" and isinstance(self.api, Admin):
                self.api.stale_view = value / 1000
            elif name == "empty_list" and value in ("[]", "{}"):
                self.api.empty_list = value
            elif name == "control_says":  # [status, text], whatever is asked; null: the truth
                self.control_says = value
            elif name == "unloaded":
                self.unloaded = value
            elif name == "now":
                self.fixed = value
            elif name == "clock_offset":
                self.offset = float(value)
            else:
                raise ValueError("no setting " + name)
        return self.settings

    def do_edit(self, given):
        self.api.edit(given["kind"], given["id"], given.get("value"))

    def do_freeze(self, given):
        """Reads are stale from here on."""
        objects = getattr(self.api, "objects", None)
        self.api.frozen = dict(self.api.document) if objects is None else {k: dict(v) for k, v in objects.items()}

    def do_thaw(self, given):
        self.api.frozen = None

    def do_die(self, given):
        if self.listener:
            self.listener.close()
            self.listener = None
        for connection in list(self.connections):
            connection.transport.abort()

    def do_restart(self, given):
        """Comes back on the same port, empty; with {"keep": true}, as an Admin API whose etcd did not die."""
        self.do_die(None)
        if not (given or {}).get("keep"):
            self.served, self.laggard = {}, {}
            self.api.restart()
        asyncio.get_running_loop().create_task(self.listen())

    def do_ports(self, given):
        return {"admin": self.port, "listening": self.listener is not None}

    def do_connections_cut(self, given):
        for connection in list(self.connections):
            connection.transport.abort()

    async def listen(self) -> None:
        loop = asyncio.get_running_loop()
        for attempt in range(100):
            try:
                self.listener = await loop.create_server(
                    lambda: Connection(self), "127.0.0.1", self.port, backlog=1024, ssl=self.context, reuse_address=True
                )
                break
            except OSError:
                if attempt == 99:
                    raise
                await asyncio.sleep(0.02)
        self.port = self.listener.sockets[0].getsockname()[1]

    # One request of a client.

    def rule_for(self, short: str, body: bytes) -> dict:
        done = {}
        for rule in self.rules:  # every rule counts every request; the first that is due acts
            if rule.hit(short, body) and not done:
                done = rule.do
        return done

    def carry_out(self, request: Request):
        try:
            return self.api.answer(request.method, request.target, request.headers, request.body)
        except Exception as e:  # a bug in the double is an answer no client should like
            print("apisix_double: %s: %r" % (request.short, e), file=sys.stderr, flush=True)
            return 500, {"error_msg": "the double: %r" % e}, {}

    def note(self, request: Request, status: int, did: str) -> None:
        self.serial += 1
        entry = {
            "n": self.serial,
            "time": self.clock(),
            "method": request.method,
            "path": request.target.removeprefix("/apisix/admin"),
            "status": status,
        }
        if request.body:
            entry["bytes"] = len(request.body)
            entry["digest"] = hashlib.sha256(request.body).hexdigest()
        if did:
            entry["fault"] = did
        self.log.append(entry)
        path = entry["path"].partition("?")[0]
        if self.log_file:
            self.log_file.write("%s %s %d\n" % (request.method, path, status))
        path = path.strip("/")
        kind = path if path.endswith("/validate") else path.partition("/")[0] or "/"
        self.counts["%s %s %s" % (request.method, kind, status)] += 1


class Plain(asyncio.Protocol):
    """A connection whose requests one function answers: the control ports."""

    def __init__(self, answer):
        self.answer, self.parser = answer, Parser()

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data: bytes):
        self.parser.buffer += data
        try:
            while (request := self.parser.take()) is not None:
                self.transport.write(message(request, *self.answer(request)))
                if request.close:
                    self.transport.close()
        except Bad:
            self.transport.close()


class Connection(asyncio.Protocol):
    """A client's connection: one request at a time, in order."""

    def __init__(self, double: Double):
        self.double, self.parser, self.busy, self.served = double, Parser(), False, 0

    def connection_made(self, transport):
        self.transport = transport
        self.double.connections.add(self)
        self.double.opened += 1

    def connection_lost(self, exc):
        self.double.connections.discard(self)

    def data_received(self, data: bytes):
        self.parser.buffer += data
        if not self.busy:
            self.go_on()

    def go_on(self) -> None:
        while not self.busy and not self.transport.is_closing():
            try:
                request = self.parser.take()
            except Bad as e:
                self.transport.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                print("apisix_double: bad request: %s" % e, file=sys.stderr, flush=True)
                self.transport.close()
                return
            if self.parser.expects:
                self.parser.expects = False
                if request is None:
                    self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if request is None:
                return
            self.begin(request)

    def begin(self, request: Request) -> None:
        do = self.double.rule_for(request.short, request.body) if self.double.rules else {}
        wait = (do.get("delay_ms", 0) + self.double.settings["delay_ms"]) / 1000
        if not wait:
            self.serve(request, do)
            return
        self.busy = True
        asyncio.get_running_loop().call_later(wait, self.later, request, do)

    def later(self, request: Request, do: dict) -> None:
        self.busy = False
        if not self.transport.is_closing():
            self.serve(request, do)
            self.go_on()

    def serve(self, request: Request, do: dict) -> None:
        double, did = self.double, ",".join(k for k in do if k in ACTIONS)
        if "edit" in do:
            double.do_edit(do["edit"])
        early = do.get("cut") == "before" or do.get("restart") == "before" or do.get("die") == "before"
        if early or ({"status", "garbage", "raw", "hang"} & do.keys() and not do.get("applies")):
            status, out, extra = 0, "", {}
        else:
            status, out, extra = double.carry_out(request)
        if "status" in do:
            status, out, extra = do["status"], do.get("body", ""), do.get("headers", {})
        double.note(request, status, did)
        if "restart" in do:
            double.do_restart(do if do.get("keep") else None)
        elif "die" in do:
            double.do_die(None)
        elif do.get("cut") in ("before", "after"):
            self.transport.abort() if do.get("abort") else self.transport.close()
        elif do.get("hang"):
            self.busy = True
        elif "raw" in do or "garbage" in do:
            self.garbage(do)
        else:
            self.say(request, do, message(request, status, out, extra, self.last(), double.clock()))

    def last(self) -> bool:
        """Whether the connection has had its requests, as nginx' keepalive_requests says."""
        self.served += 1
        return 0 < self.double.options.keepalive_requests <= self.served

    def say(self, request: Request, do: dict, data: bytes) -> None:
        if do.get("cut") == "middle":
            self.transport.write(data[: max(1, len(data) - len(data) // 3)])
            self.transport.close()
        elif "stall_ms" in do:
            self.busy = True
            self.drip(data, 0, do["stall_ms"] / 1000, request.close)
        else:
            self.transport.write(data)
            if request.close or b"\r\nConnection: close\r\n" in data[:400]:
                self.transport.close()

    def drip(self, data: bytes, at: int, wait: float, close: bool) -> None:
        """A byte at a time."""
        if self.transport.is_closing():
            return
        if at < len(data):
            self.transport.write(data[at : at + 1])
            asyncio.get_running_loop().call_later(wait, self.drip, data, at + 1, wait, close)
            return
        self.busy = False
        self.transport.close() if close else self.go_on()

    def garbage(self, do: dict) -> None:
        what = do.get("garbage")
        if what == "huge":  # a list without an end
            self.busy = True
            self.transport.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b'{"total":1,"list":[')
            self.flood(int(do.get("delay_ms", 0)) or 2048)
            return
        self.transport.write(do["raw"].encode("latin-1") if "raw" in do else GARBAGE.get(what, b""))
        if what not in ("text", "empty"):
            self.transport.close()

    def flood(self, left: int) -> None:
        """Up to so many pieces of 64 KiB, as fast as they are read."""
        if self.transport.is_closing() or left == 0:
            self.transport.close()
            return
        if self.transport.get_write_buffer_size() < 1 << 20:
            self.transport.write(b'{"value":{"id":"x"}},' * 3120)
            left -= 1
        asyncio.get_running_loop().call_later(0.001, self.flood, left)


def message(request: Request, status: int, out, extra: dict, close: bool = False, now: float | None = None) -> bytes:
    data = (out if isinstance(out, str) else encode(out)).encode("utf-8", "surrogateescape")
    kind = "text/html" if data.startswith(b"<") else "text/plain" if data[:1].isalpha() else "application/json"
    head = ["HTTP/1.1 %d %s" % (status, REASONS.get(status, "Whatever")), "Server: APISIX/3.18.0"]
    if now is not None:
        head.append("Date: " + email.utils.formatdate(now, usegmt=True))
    if status != 204:
        head += ["Content-Type: " + kind, "Content-Length: %d" % len(data)]
    head += ["%s: %s" % h for h in extra.items()]
    if close or request.close:
        head.append("Connection: close")
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + (b"" if request.method == "HEAD" or status == 204 else data)


def tls(options) -> ssl.SSLContext | None:
    if not options.cert:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.cert, options.key_file)
    if options.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(options.client_ca)
    return context


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--mode", choices=("admin", "standalone"), default="admin")
    p.add_argument("--port", type=int, default=0, help="of the Admin API (0: any)")
    p.add_argument("--control-port", type=int, default=0, help="of the control API")
    p.add_argument("--double-port", type=int, default=0, help="of /_double/, by which tests tell and ask")
    p.add_argument("--schema", help="JSON schemas, as /v1/schema gives them")
    p.add_argument("--script", help="a file of rules, as /_double/faults takes them")
    p.add_argument("--document", help="an apisix.json that the data plane reads, in the place of what the Admin API is told")
    p.add_argument("--state", help="a file of objects to begin with: {kind: [object, ...]}")
    p.add_argument("--log", help="a file that gets a line for each request: PUT /routes/r1 200")
    p.add_argument("--old", action="store_true", help="fill in the defaults of what is put, as releases before 3.14 do")
    p.add_argument("--delay", type=float, default=0, help="milliseconds that each request takes, however many there are")
    p.add_argument("--admin-key", dest="key", default=KEY)
    p.add_argument("--viewer-key")
    p.add_argument("--no-stream", action="store_true", help="an APISIX without proxy_mode stream")
    p.add_argument("--memory", type=int, default=MEMORY, help="bytes that a standalone document may have")
    p.add_argument("--keepalive-requests", type=int, default=1000, help="after which a connection is closed (0: never)")
    p.add_argument("--cert")
    p.add_argument("--key", dest="key_file")
    p.add_argument("--client-ca")
    return p.parse_args()


async def run(options) -> None:
    double = Double(options)
    double.context = tls(options)
    if options.script:
        with open(options.script, encoding="utf-8") as f:
            double.do_faults(json.load(f))
    if options.state:
        with open(options.state, encoding="utf-8") as f:
            for kind, values in json.load(f).items():
                for value in values:
                    double.do_edit({"kind": kind, "id": value.get("id", value.get("username")), "value": value})
        double.do_forget(None)
    loop = asyncio.get_running_loop()
    await double.listen()
    following = loop.create_task(double.follow(options.document)) if options.document else None
    control = await loop.create_server(double.asker, "127.0.0.1", options.control_port)
    private = await loop.create_server(lambda: Plain(double.told), "127.0.0.1", options.double_port)
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, stop.set)
    ports = {n: s.sockets[0].getsockname()[1] for n, s in (("control", control), ("double", private))}
    print(json.dumps({"pid": os.getpid(), "admin": double.port, **ports}), flush=True)
    await stop.wait()
    if following:
        following.cancel()


if __name__ == "__main__":
    asyncio.run(run(arguments()))
