"""The admin API of an API-driven standalone APISIX 3.18 as a plain object, and what its workers make of a document.

The document lives in shared memory; http workers apply it at once, the stream subsystem only when X-Last-Modified
differs from the one it applied last. `wrong` collects what no client should do, since real workers would be left with
something else than the document says.
"""

import time

from apisix_admin import KEY, KINDS, Refused, check_token, decode, encode, faults, lua, refuse, upstream_ids, validate

ALL = [*KINDS, "plugins"]
MEMORY = 10485760 - 200000  # 9.88 MB were taken, 10.48 MB were not


class Standalone:
    def __init__(self, schemas, key: str = KEY, viewer_key: str | None = None, memory: int = MEMORY, clock=time.time):
        self.schemas, self.key, self.viewer_key, self.memory, self.clock = schemas, key, viewer_key, memory, clock
        self.wrong, self.dangling = [], []
        self.on_publish = None
        self.frozen = None
        self.restart()

    def restart(self) -> None:
        self.document = {}
        self.workers = {}  # kind: (version, {id: (modifiedIndex or None, object)})
        self.stream = (None, {})  # X-Last-Modified that was picked up last, and what with it
        self.ready = False

    # The requests.

    def answer(self, method: str, target: str, headers: dict, body: bytes):
        try:
            return self.dispatch(method, target, headers, body)
        except Refused as e:
            return e.status, e.body, {}

    def dispatch(self, method: str, target: str, headers: dict, body: bytes):
        path, _, query = target.partition("?")
        if method == "HEAD" and path == "/apisix/admin":
            return 200, "", {}
        args = dict(a.split("=", 1) for a in query.split("&") if "=" in a)
        check_token(self, "GET" if method == "HEAD" else method, headers, args)
        if path == "/apisix/admin/configs":
            if method in ("GET", "HEAD"):
                document = self.frozen if self.frozen is not None else self.document
                said = {k: str(document[k]) for k in ("X-Digest", "X-Last-Modified") if k in document}
                whole = dict({k + "_conf_version": 0 for k in ALL}, **document)
                return 200, encode(lua(whole)) if method == "GET" else "", said
            if method == "PUT":
                return self.put(headers.get("x-digest"), body)
        if path == "/apisix/admin/configs/validate" and method == "POST":
            return *validate(self.schemas, body), {}
        return 404, {"error_msg": "not found"}, {}

    def put(self, digest: str | None, body: bytes):
        if not digest:
            refuse("missing digest header")
        if self.document.get("X-Digest") == digest:
            return 204, "", {}
        try:
            given = decode(body)
        except ValueError as e:
            refuse("invalid request body: %s" % e)
        if not isinstance(given, dict):
            refuse("invalid request body: expected an object")
        after = self.accepted(given)
        after["X-Digest"], after["X-Last-Modified"] = digest, int(self.clock())
        if len(encode(after)) > self.memory:
            self.document = {}  # what was stored is lost; the workers go on with it
            return 500, "failed to save config to shared dict: no memory", {}
        self.document = after
        self.apply()
        return 202, "", {"X-Digest": digest, "X-Last-Modified": str(after["X-Last-Modified"])}

    def accepted(self, given: dict) -> dict:
        """The document after it, or a refusal."""
        after = {}
        for kind in ALL:
            key = kind + "_conf_version"
            held = self.document.get(key, 0)
            version = given.get(key, held + 1)
            if type(version) is not int:
                refuse("%s must be a number" % key)
            if version < held:
                refuse("%s must be greater than or equal to (%d)" % (key, held))
            if version > 99999999999999:
                self.wrong.append("%s %d has more digits than Lua writes" % (key, version))
            items = given.get(kind)
            if items is not None and not isinstance(items, list):
                refuse("%s must be an array" % kind)
            if version == held:
                if items is not None and items != self.document.get(kind, []):
                    self.wrong.append("%s were sent with the held version %d, so they were not taken" % (kind, version))
                items = self.document.get(kind)
            after[key] = version
            if items:
                after[kind] = items
        errors = faults(self.schemas, given)
        if errors:
            refuse(errors[0]["error"])
        for upstream in given.get("upstreams") or []:
            if "client_cert_id" in upstream.get("tls", {}):  # looked up in an etcd that is not there
                refuse("failed to fetch ssl info by ssl id [%s]" % upstream["tls"]["client_cert_id"])
        return after

    # The workers.

    def apply(self) -> None:
        self.ready = True
        for kind in KINDS:
            version = self.document[kind + "_conf_version"]
            held, had = self.workers.get(kind, (None, {}))
            if version == held:
                if [o for _, o in had.values()] != self.document.get(kind, []):
                    self.wrong.append("%s have changed under their version %d" % (kind, version))
                continue
            now = {}
            for item in self.document.get(kind, []):
                name = str(item["id"] if "id" in item else item.get("username"))
                index = item.get("modifiedIndex")
                if index is not None and name in had and had[name][0] == index:
                    if had[name][1] != item:
                        self.wrong.append("%s %s has changed under its modifiedIndex %d" % (kind, name, index))
                    item = had[name][1]  # the object in memory stays
                now[name] = (index, item)
            self.workers[kind] = (version, now)
        self.apply_stream()
        self.look()

    def apply_stream(self) -> None:
        """It polls by X-Last-Modified, of whole seconds: a second document within one second never reaches it."""
        second = self.document["X-Last-Modified"]
        if second != self.stream[0]:
            self.stream = (second, self.of_stream())
        elif self.of_stream() != self.stream[1]:
            self.wrong.append("a second document within the second %d: the stream subsystem never sees it" % second)

    def of_stream(self) -> dict:
        return {k: {n: o for n, (_, o) in self.workers[k][1].items()} for k in ("stream_routes", "upstreams", "ssls")}

    def look(self) -> None:
        there = self.workers["upstreams"][1]
        for kind in ("routes", "services", "stream_routes"):
            for name, (_, value) in self.workers[kind][1].items():
                for upstream in upstream_ids(value):
                    if upstream not in there:
                        self.dangling.append({"kind": kind, "id": name, "upstream": upstream, "time": self.clock()})

    def edit(self, kind: str, name: str, value: dict | None) -> None:
        """Another client's PUT, which changes one object."""
        own = "username" if kind == "consumers" else "id"
        items = [i for i in self.document.get(kind, []) if str(i.get("id", i.get("username"))) != name]
        document = dict({k + "_conf_version": 0 for k in ALL}, **self.document)
        document[kind] = items if value is None else [*items, {own: name, **value}]
        document[kind + "_conf_version"] += 1
        document["X-Digest"] = "another-%d" % document[kind + "_conf_version"]
        document["X-Last-Modified"] = int(self.clock())
        self.document = document
        self.apply()

    def state(self) -> dict:
        return self.document
