"""The Admin API of an APISIX 3.18 with etcd as a plain object: a request in, a status and a body out. No sockets.

Objects are kept as the text that is given back, so that a list of ten thousand is a join. A value that is stored is
never changed in place: a frozen view is a copy of the dicts that hold them.
"""

import base64
import hashlib
import http.cookies
import json
import re
import time
import urllib.parse

from apisix_schema import ID, SINGULAR, USERNAME, Schemas

KEY = "edd1c9f034335f136f87ad84b625c8f1"
BODY_MOST = 1572864
KINDS = (
    "routes services upstreams ssls stream_routes plugin_configs consumer_groups global_rules plugin_metadata consumers "
    "protos secrets"
).split()
# What cannot be done to a kind, beside what cannot be done to any.
FORBIDDEN = {
    "stream_routes": {"PATCH"}, "plugin_configs": {"POST"}, "consumer_groups": {"POST"}, "global_rules": {"POST"},
    "plugin_metadata": {"POST", "PATCH"}, "consumers": {"POST", "PATCH"}, "secrets": {"POST"}, "protos": {"PATCH"},
    "credentials": {"POST", "PATCH"},
}  # fmt: skip
# Member: (kind referred to, how the refusal calls it).
REFERENCES = {
    "upstream_id": ("upstreams", "failed to fetch upstream info by upstream id [%s], response code: 404"),
    "service_id": ("services", "failed to fetch service info by service id [%s], response code: 404"),
    "plugin_config_id": ("plugin_configs", "failed to fetch plugin config info by plugin config id [%s], response code: 404"),
    "group_id": ("consumer_groups", "failed to fetch consumer group info by consumer group id [%s], response code: 404"),
}  # fmt: skip
# Kind deleted: (what is it called, kinds whose members may refer to it, by which member).
GUARDS = {
    "upstreams": ("upstream", ["routes", "services"], "upstream_id"),
    "services": ("service", ["routes", "stream_routes"], "service_id"),
    "plugin_configs": ("plugin config", ["routes"], "plugin_config_id"),
    "consumer_groups": ("consumer group", ["consumers"], "group_id"),
}
# Where a traffic-split keeps an upstream from being deleted. Not stream_routes: the real server has that hole.
SPLITTERS = ["routes", "services", "plugin_configs", "consumers", "consumer_groups", "global_rules"]


class Refused(Exception):
    def __init__(self, status: int, body):
        super().__init__(body)
        self.status, self.body = status, body


def refuse(message: str, status: int = 400):
    raise Refused(status, {"error_msg": message})


def lua(value):
    """As it comes out of Lua: members in another order, numbers with 14 digits."""
    if isinstance(value, dict):
        return {k: lua(v) for k, v in reversed(value.items())}
    if isinstance(value, list):
        return [lua(v) for v in value]
    if isinstance(value, float) or (type(value) is int and abs(value) > 99999999999999):
        short = float("%.14g" % value)
        return int(short) if short == int(short) and abs(short) < 1e14 else short
    return value


def encode(value) -> str:
    """JSON as Lua writes it: without blanks, slashes (which only strings can hold) escaped."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).replace("/", "\\/")


def decode(body: bytes):
    """JSON as Lua reads it; ValueError."""

    def constant(name):
        raise ValueError("invalid token " + name)

    try:
        return json.loads(body.decode("utf-8", "surrogateescape"), parse_constant=constant)
    except RecursionError:
        raise ValueError("found too many nested data structures") from None


def encrypted(secret) -> str:
    return base64.b64encode(hashlib.sha256(str(secret).encode("utf-8", "surrogateescape")).digest()).decode()


def split_ids(value: dict) -> list[str]:
    """The upstreams of the object's traffic-split."""
    plugins = value.get("plugins")
    split = plugins.get("traffic-split") if isinstance(plugins, dict) else None
    rules = split.get("rules", []) if isinstance(split, dict) else []
    weighted = [w for r in rules if isinstance(r, dict) for w in r.get("weighted_upstreams", [])]
    return [str(w["upstream_id"]) for w in weighted if isinstance(w, dict) and "upstream_id" in w]


def upstream_ids(value: dict) -> list[str]:
    return ([str(value["upstream_id"])] if "upstream_id" in value else []) + split_ids(value)


def without_pem(value: dict) -> str | None:
    """The real server parses certificates and keys, but never compares them with each other."""
    for cert in [value.get("cert", "")] + value.get("certs", []):
        if "-----BEGIN CERTIFICATE-----" not in cert:
            return "failed to parse cert: PEM_read_bio_X509() failed"
    for key in [value.get("key", "")] + value.get("keys", []):
        if not re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY-----", key):
            return "failed to parse key: PEM_read_bio_PrivateKey() failed"
    if len(value.get("certs", [])) != len(value.get("keys", [])):
        return "mismatched number of certs and keys"
    return None


class Entry:
    __slots__ = ("value", "created", "modified", "text")

    def __init__(self, key: str, kind: str, value: dict, created: int, modified: int):
        self.value, self.created, self.modified = value, created, modified
        shown = value
        if kind == "ssls":
            shown = {k: v for k, v in value.items() if k not in ("key", "keys")}
        self.text = '{"modifiedIndex":%d,"value":%s,"createdIndex":%d,"key":%s}' % (
            modified, encode(lua(shown)), created, encode(key)
        )  # fmt: skip


class Admin:
    """options: schema (path), key, viewer_key, stream, clock()."""

    def __init__(self, schemas: Schemas, key: str = KEY, viewer_key: str | None = None, stream: bool = True, clock=time.time):
        self.schemas, self.key, self.viewer_key, self.stream, self.clock = schemas, key, viewer_key, stream, clock
        self.empty_list = "[]"
        self.stale_view = 0.0  # seconds for which the checks of a delete still see what was deleted
        self.frozen = None
        self.fills_in = False  # the defaults of the schemas, as releases before 3.14 do
        self.on_publish = None  # called with (kind, id, entry or None) at each change
        self.dangling = []  # every moment at which something live pointed to a missing upstream
        self.restart()

    def restart(self) -> None:
        self.objects = {kind: {} for kind in [*KINDS, "credentials"]}
        self.users = {}  # upstream id: {(kind, id)}
        self.deleted = []  # (time, kind, id, value): what a stale view still shows
        self.revision = 10

    # The requests.

    def answer(self, method: str, target: str, headers: dict, body: bytes):
        """Status, body, headers. The body is text, or what becomes JSON."""
        said = {"X-API-VERSION": "v3"}
        try:
            status, out = self.dispatch(method, target, headers, body)
        except Refused as e:
            status, out = e.status, e.body
        return status, out, said

    def dispatch(self, method: str, target: str, headers: dict, body: bytes):
        path, _, query = target.partition("?")
        args = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        if method == "HEAD" and path == "/apisix/admin":
            return 200, ""
        if not path.startswith("/apisix/admin/"):
            return 404, "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body></body>\r\n</html>\r\n"
        check_token(self, method, headers, args)
        parts = [urllib.parse.unquote(p) for p in path[len("/apisix/admin/") :].split("/")]
        if parts[0] == "configs" and parts[1:] == ["validate"] and method == "POST":
            return validate(self.schemas, body)
        if parts[0] == "schema":
            return self.schema(method, parts[1:], body)
        if parts[0] == "plugins":
            return self.plugins(method, parts[1:], args)
        return self.resource(method, parts, args, body)

    def resource(self, method: str, parts: list[str], args: dict, body: bytes):
        kind, name, sub = parts[0], "/".join(parts[1:2]), parts[2:]
        if kind not in KINDS:
            refuse("Unsupported resource type: " + kind, 404)
        if kind == "consumers" and sub[:1] == ["credentials"]:
            kind, name, sub = "credentials", "/".join(parts[1:4]).rstrip("/"), []
        elif kind == "secrets" and sub:
            name, sub = "%s/%s" % (name, sub[0]), sub[1:]
        if kind == "stream_routes" and not self.stream:
            refuse("stream mode is disabled, can not add stream routes")
        call = {"GET": self.get, "PUT": self.put, "POST": self.post, "PATCH": self.patch, "DELETE": self.delete}.get(method)
        if not call or method in FORBIDDEN.get(kind, ()):
            refuse("not supported `%s` method for %s" % (method, SINGULAR[kind]), 405)
        if method in ("PUT", "POST", "PATCH") and len(body) > BODY_MOST:
            refuse("invalid request body: request size %d is greater than the maximum size %d allowed" % (len(body), BODY_MOST))
        return call(kind, name, args, body, sub)

    def key_of(self, kind: str, name: str) -> str:
        return "/apisix/consumers/" + name if kind == "credentials" else "/apisix/%s/%s" % (kind, name)

    # Reading.

    def get(self, kind: str, name: str, args: dict, body: bytes, sub: list[str]):
        there = (self.frozen or self.objects)[kind]
        if kind == "credentials" and name.endswith("/credentials"):
            return self.listed({k: v for k, v in there.items() if k.startswith(name + "/")}, args, kind)
        if name:
            return (200, there[name].text) if name in there else (404, {"message": "Key not found"})
        return self.listed(there, args, kind)

    def listed(self, there: dict, args: dict, kind: str):
        names = filtered(there, args, kind)
        total = len(names)
        page, size = number(args.get("page")), number(args.get("page_size"))
        if page is not None and size is not None:
            if size < 10 or size > 500:
                return 400, "page_size must be between 10 and 500"
            names.sort(key=lambda n: there[n].created)
            first = int((max(page, 1) - 1) * size)
            names = names[first : first + int(size)]
        else:
            names.sort()
        texts = ",".join(there[n].text for n in names)
        return 200, '{"total":%d,"list":%s}' % (total, "[%s]" % texts if names else self.empty_list)

    # Writing.

    def put(self, kind: str, name: str, args: dict, body: bytes, sub: list[str]):
        value = parsed(body)
        name = self.name(kind, name, value)
        stored = self.checked(kind, name, value)
        before = self.objects[kind].get(name)
        self.store(kind, name, stored, before)
        return (200 if before else 201), self.said(kind, name)

    def post(self, kind: str, name: str, args: dict, body: bytes, sub: list[str]):
        if name:
            refuse("wrong %s id, do not need it" % SINGULAR[kind])
        name = "%020d" % (self.revision + 1)
        self.store(kind, name, self.checked(kind, name, parsed(body)), None)
        return 201, self.said(kind, name)

    def patch(self, kind: str, name: str, args: dict, body: bytes, sub: list[str]):
        if not name:
            refuse("missing %s id" % SINGULAR[kind])
        change = parsed(body)
        before = self.objects[kind].get(name)
        if not before:
            return 404, {"message": "Key not found"}
        for step in reversed(sub):
            change = {step: change}
        value = merged(before.value, change)
        value = {k: v for k, v in value.items() if k not in ("create_time", "update_time")}
        self.store(kind, name, self.checked(kind, name, value), before)
        return 200, self.said(kind, name)

    def delete(self, kind: str, name: str, args: dict, body: bytes, sub: list[str]):
        if not name:
            refuse("missing %s id" % SINGULAR[kind])
        if name not in self.objects[kind]:
            return 404, {"message": "Key not found"}
        if args.get("force") != "true":
            self.unused(kind, name)
        self.remove(kind, name)
        if kind == "consumers":
            for credential in [c for c in self.objects["credentials"] if c.startswith(name + "/")]:
                self.remove("credentials", credential)
        return 200, {"deleted": "1", "key": self.key_of(kind, name)}

    def said(self, kind: str, name: str) -> str:
        """A write's answer: without revision, private keys as they are stored."""
        value = self.objects[kind][name].value
        if kind == "ssls":
            value = dict(value)
            if "key" in value:
                value["key"] = encrypted(value["key"])
            if "keys" in value:
                value["keys"] = [encrypted(k) for k in value["keys"]]
        return '{"value":%s,"key":%s}' % (encode(lua(value)), encode(self.key_of(kind, name)))

    def store(self, kind: str, name: str, value: dict, before: Entry | None) -> None:
        now = int(self.clock())
        value = dict(value, create_time=before.value.get("create_time", now) if before else now, update_time=now)
        if self.fills_in:
            value = self.schemas.with_defaults(kind, value)
        tls = value.get("tls")
        if kind == "upstreams" and isinstance(tls, dict) and "client_key" in tls:
            value["tls"] = dict(tls, client_key=encrypted(tls["client_key"]))
        self.revision += 1
        self.set(kind, name, value, before.created if before else self.revision)

    def set(self, kind: str, name: str, value: dict, created: int) -> None:
        old = self.objects[kind].get(name)
        self.refer(kind, name, old.value if old else {}, value)
        entry = self.objects[kind][name] = Entry(self.key_of(kind, name), kind, value, created, self.revision)
        if kind in ("routes", "services", "stream_routes"):
            for missing in [u for u in upstream_ids(value) if u not in self.objects["upstreams"]]:
                self.dangling.append({"kind": kind, "id": name, "upstream": missing, "time": self.clock()})
        if self.on_publish:
            self.on_publish(kind, name, entry)

    def remove(self, kind: str, name: str) -> None:
        entry = self.objects[kind].pop(name)
        self.refer(kind, name, entry.value, {})
        self.revision += 1
        if self.stale_view:
            now = self.clock()
            self.deleted = [d for d in self.deleted if d[0] > now - self.stale_view] + [(now, kind, name, entry.value)]
        if kind == "upstreams":
            for user_kind, user in sorted(self.users.get(name, ())):
                self.dangling.append({"kind": user_kind, "id": user, "upstream": name, "time": self.clock()})
        if self.on_publish:
            self.on_publish(kind, name, None)

    def refer(self, kind: str, name: str, old: dict, new: dict) -> None:
        if kind == "upstreams":
            return
        for upstream in upstream_ids(old):
            self.users.get(upstream, set()).discard((kind, name))
        for upstream in upstream_ids(new):
            self.users.setdefault(upstream, set()).add((kind, name))

    def edit(self, kind: str, name: str, value: dict | None) -> None:
        """Another hand's write, unchecked."""
        before = self.objects[kind].get(name)
        if value is None:
            if before:
                self.remove(kind, name)
            return
        self.store(kind, name, value if kind == "consumers" else dict(value, id=name), before)

    # Checks.

    def name(self, kind: str, name: str, value) -> str:
        own = "username" if kind == "consumers" else "id"
        if not name and isinstance(value, dict) and own in value:
            name = str(value[own])
        if not name or (kind == "credentials" and name.count("/") != 2):
            refuse("missing %s %s" % (SINGULAR[kind], own))
        return name

    def checked(self, kind: str, name: str, value) -> dict:
        """The object as it will be stored, or a refusal."""
        own = "username" if kind == "consumers" else "id"
        if not isinstance(value, dict):
            refuse("invalid configuration: wrong type: expected object, got " + type(value).__name__)
        for member in ("create_time", "update_time"):
            for part in (value, value.get("upstream"), value.get("plugins")):
                if isinstance(part, dict) and member in part:
                    refuse("the property is forbidden:  " + member)
        last = name.rsplit("/", 1)[-1]
        if own in value and str(value[own]) != last:
            refuse("wrong %s %s" % (SINGULAR[kind], own))
        stored = value if kind == "consumers" or own in value else dict(value, **{own: last})
        if kind == "plugin_metadata":
            why = self.schemas.metadata_fault(name, stored)
        elif not (USERNAME if kind == "consumers" else ID).match(last):
            why = 'property "%s" validation failed: object matches none of the required' % own
        else:
            why = self.schemas.fault(kind, stored)
        if why:
            plain = why.startswith(("failed to check", "unknown plugin", "invalid plugin"))
            refuse(why if plain else "invalid configuration: " + why)
        self.referred(kind, name, stored)
        return stored

    def referred(self, kind: str, name: str, value: dict) -> None:
        if kind == "ssls" and (why := without_pem(value)):
            refuse(why)
        for member, (target, message) in REFERENCES.items():
            if member in value and str(value[member]) not in self.objects[target]:
                refuse(message % value[member])
        tls = value.get("tls") if kind == "upstreams" else None
        if isinstance(tls, dict) and "client_cert_id" in tls:
            ssl = self.objects["ssls"].get(str(tls["client_cert_id"]))
            if not ssl:
                refuse("failed to fetch ssl info by ssl id [%s], response code: 404" % tls["client_cert_id"])
            if ssl.value.get("type") != "client":
                refuse("failed to fetch ssl info by ssl id [%s], wrong ssl type" % tls["client_cert_id"])
        if kind == "credentials" and len(value["plugins"]) != 1:
            refuse("a credential takes exactly one plugin")
        if kind == "credentials" and name.split("/")[0] not in self.objects["consumers"]:
            refuse("consumer not found", 404)
        if kind == "global_rules":
            for other, entry in self.objects["global_rules"].items():
                for plugin in sorted(value["plugins"].keys() & entry.value["plugins"].keys()) if other != name else ():
                    refuse("plugin '%s' already exists in global rule with id '%s'" % (plugin, other))

    def unused(self, kind: str, name: str) -> None:
        """The checks of a delete, against a worker's view, which may be stale."""
        if kind not in GUARDS:
            return
        called, users, member = GUARDS[kind]
        for user_kind, user, value in self.seen(kind, name, users):
            named = str(value.get(member)) == name and user_kind in users
            if named or (kind == "upstreams" and user_kind in SPLITTERS and name in split_ids(value)):
                how = "%s directly" % called if kind == "services" else called
                refuse("can not delete this %s, %s [%s] is still using it now" % (how, SINGULAR[user_kind].replace("_", " "), user))

    def seen(self, kind: str, name: str, users: list[str]):
        if kind == "upstreams":
            for user_kind, user in sorted(self.users.get(name, ())):
                yield user_kind, user, self.objects[user_kind][user].value
        else:
            for user_kind in users:
                for user, entry in self.objects[user_kind].items():
                    yield user_kind, user, entry.value
        since = self.clock() - self.stale_view
        yield from ((k, n, v) for when, k, n, v in self.deleted if when > since)

    # The rest.

    def schema(self, method: str, parts: list[str], body: bytes):
        if len(parts) == 2 and parts[0] == "validate" and method == "POST":
            kind = parts[1]
            if kind not in KINDS:
                refuse("Unsupported resource type: " + kind, 404)
            value = parsed(body)
            without = {k: v for k, v in value.items() if k != "plugins"} if isinstance(value, dict) else value
            full = dict(without, plugins={}) if isinstance(value, dict) and "plugins" in value else without
            why = self.schemas.fault(kind, full)
            return (400, {"error_msg": why}) if why else (200, "")
        if method != "GET":
            refuse("not supported `%s` method for schema" % method, 405)
        section = ("plugins", parts[1]) if len(parts) == 2 and parts[0] == "plugins" else ("main", parts[0] if parts else "")
        found = self.schemas.all.get(section[0], {}).get(section[1])
        if found is None:
            refuse("not found schema", 400)
        return 200, found.get("schema", found) if section[0] == "plugins" else found

    def plugins(self, method: str, parts: list[str], args: dict):
        if parts == ["reload"]:
            return (200, "done") if method == "PUT" else refuse("please use PUT method to reload the plugins", 405)
        if method != "GET":
            refuse("not supported `%s` method for plugins" % method, 405)
        section = "stream_plugins" if args.get("subsystem") == "stream" else "plugins"
        known = self.schemas.all.get(section, {})
        if parts == ["list"]:
            return 200, sorted(known, key=lambda n: (-known[n].get("priority", 0), n)) or "[]"
        if parts and parts[0] in known:
            return 200, known[parts[0]].get("schema", {})
        return 404, {"error_msg": "plugin not found in subsystem " + ("stream" if section[0] == "s" else "http")}

    def state(self) -> dict:
        return {kind: {n: e.value for n, e in there.items()} for kind, there in self.objects.items()}


def check_token(api, method: str, headers: dict, args: dict) -> None:
    given = headers.get("x-api-key") or args.get("api_key")
    if not given and "cookie" in headers:
        cookie = http.cookies.SimpleCookie()
        cookie.load(headers["cookie"])
        given = cookie["x_api_key"].value if "x_api_key" in cookie else None
    if given == api.key:
        return
    why = "wrong apikey" if given else "missing apikey"
    if given and given == api.viewer_key:
        if method == "GET":
            return
        why = "invalid method for role viewer"
    raise Refused(401, {"error_msg": "failed to check token", "description": why})


def parsed(body: bytes):
    try:
        return decode(body)
    except ValueError as e:
        raise Refused(400, {"error_msg": "invalid request body: %s" % e, "req_body": body.decode("utf-8", "replace")}) from None


def number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def filtered(there: dict, args: dict, kind: str) -> list[str]:
    names = list(there)
    if "name" in args:
        names = [n for n in names if re.search(args["name"], str(there[n].value.get("name", "")))]
    if "uri" in args:
        uris = {n: [there[n].value.get("uri", "")] + there[n].value.get("uris", []) for n in names}
        names = [n for n in names if any(re.search(args["uri"], u) for u in uris[n] if u)]
    if "label" in args:
        names = [n for n in names if args["label"] in there[n].value.get("labels", {})]
    if "filter" in args and kind in ("routes", "stream_routes"):
        wanted = [(k, v) for k, v in urllib.parse.parse_qsl(args["filter"]) if k in ("service_id", "upstream_id")]
        names = [n for n in names if all(str(there[n].value.get(k)) == v for k, v in wanted)]
    return names


def merged(old, new):
    """A PATCH: objects are merged, null deletes, anything else replaces."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    out = {k: v for k, v in old.items() if k not in new}
    for name, value in new.items():
        if value is not None:
            out[name] = merged(old.get(name), value)
    return out


def validate(schemas: Schemas, body: bytes):
    """POST configs/validate: all faults of all objects, references aside; the same in all modes."""
    if len(body) > BODY_MOST:
        refuse("invalid request body: request size %d is greater than the maximum size %d allowed" % (len(body), BODY_MOST))
    given = parsed(body)
    if not isinstance(given, dict):
        refuse("invalid request body: expected an object")
    errors = faults(schemas, given)
    if errors:
        return 400, {"error_msg": "Configuration validation failed", "errors": errors}
    return 200, "{}"


def faults(schemas: Schemas, given: dict) -> list[dict]:
    """Objects of a whole configuration that are not well-formed, or have the id of another."""
    errors = []
    for kind in KINDS:
        seen = set()
        items = given.get(kind)
        for i, item in enumerate(items if isinstance(items, list) else []):
            name, why = item_fault(schemas, kind, item)
            if not why and name in seen:
                why = "found duplicate id %s in %s" % (name, kind)
            seen.add(name)
            if why:
                errors.append({"resource_type": kind, "resource_id": name, "index": i, "error": why})
    return errors


def item_fault(schemas: Schemas, kind: str, item):
    if not isinstance(item, dict):
        return None, "invalid configuration: wrong type: expected object, got " + type(item).__name__
    own = "username" if kind == "consumers" and "id" not in item else "id"
    name = item.get(own)
    if type(name) not in (str, int):
        return None, 'property "%s" is required' % own
    if kind == "plugin_metadata":
        return name, schemas.metadata_fault(str(name), item)
    shape = "credentials" if kind == "consumers" and "/credentials/" in str(name) else kind
    last = str(name).rsplit("/", 1)[-1] if shape == "credentials" or kind == "secrets" else str(name)
    if not (USERNAME if own == "username" else ID).match(last):
        return name, 'property "%s" validation failed: object matches none of the required' % own
    checked = dict(item, id=last) if shape == "credentials" else item
    why = schemas.fault(shape, checked, indexed=kind not in ("secrets", "plugin_metadata"))
    if not why and kind == "ssls":
        why = without_pem(item)
    return name, why
