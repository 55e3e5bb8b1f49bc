#!/usr/bin/env python3
"""The Admin API of an APISIX with etcd, as far as gw-push uses it: what it takes, what it gives back, what it refuses.

    admin_api.py [--port N] [--log FILE] [--script FILE] [--delay SECONDS] [--state FILE]
                 [--tls CERT KEY] [--client-ca CA] [--old] [--no-stream]

Prints its port. Every request is a line in the log: "PUT /routes/r1 200". A script is a list of rules
{"match": "PUT /routes/", "times": 2, "status": 503, "body": {...}, "headers": {...}, "applies": true}: the first rule
whose match begins the request answers in the server's place ("times" times, default 1); with "applies" the request
is carried out nevertheless. --old fills in defaults, as releases before 3.14 do. --delay is the time that each
request takes, however many there are at once.
"""
import argparse, asyncio, json, re, ssl, sys, time

KEY = "edd1c9f034335f136f87ad84b625c8f1"
KINDS = {
    "routes", "services", "upstreams", "ssls", "stream_routes", "consumers", "global_rules", "plugin_metadata",
    "plugin_configs",
}
NO_POST = {"plugin_metadata", "consumers", "global_rules", "plugin_configs"}
BODY_MOST = 1536 * 1024
ID = re.compile(r"^[a-zA-Z0-9\-_.]{1,64}$")
COMMON = {"id", "name", "desc", "labels"}
ROUTE = {
    "uri", "uris", "priority", "methods", "host", "hosts", "remote_addr", "remote_addrs", "vars", "filter_func", "timeout",
    "plugins", "plugin_config_id", "service_id", "upstream", "upstream_id", "script", "script_id", "enable_websocket",
    "status",
}  # fmt: skip
UPSTREAM = {
    "nodes", "type", "hash_on", "key", "scheme", "retries", "retry_timeout", "timeout", "pass_host", "upstream_host",
    "keepalive_pool", "tls", "checks", "discovery_type", "discovery_args", "service_name",
}  # fmt: skip
SSL = {"type", "sni", "snis", "key", "cert", "certs", "keys", "client", "status", "ssl_protocols"}
STREAM = {"remote_addr", "server_addr", "server_port", "sni", "upstream", "upstream_id", "service_id", "plugins", "protocol"}
MEMBERS = {
    "routes": COMMON | ROUTE,
    "upstreams": COMMON | UPSTREAM,
    "ssls": COMMON | SSL,
    "stream_routes": COMMON | STREAM,
    "consumers": {"username", "group_id", "plugins", "desc", "labels"},
    "global_rules": {"id", "plugins"},
}
DEFAULTS = {
    "routes": {"priority": 0, "status": 1},
    "upstreams": {"type": "roundrobin", "hash_on": "vars", "scheme": "http", "pass_host": "pass"},
    "ssls": {"status": 1, "type": "server"},
}


class Refused(Exception):
    def __init__(self, status, body):
        self.status, self.body = status, body


def refuse(message):
    raise Refused(400, {"error_msg": message})


def upstream_ids(value):
    """Where the server looks: the object itself, and traffic-split."""
    ids = [value["upstream_id"]] if "upstream_id" in value else []
    split = value.get("plugins", {}).get("traffic-split", {})
    for rule in split.get("rules", []):
        ids += [w["upstream_id"] for w in rule.get("weighted_upstreams", []) if "upstream_id" in w]
    return [str(i) for i in ids]


def as_lua_writes(value):
    """Numbers with 14 significant digits."""
    if isinstance(value, dict):
        return {k: as_lua_writes(v) for k, v in value.items()}
    if isinstance(value, list):
        return [as_lua_writes(v) for v in value]
    return float("%.14g" % value) if isinstance(value, float) else value


class Api:
    def __init__(self, options):
        self.options = options
        self.rules = json.load(open(options.script)) if options.script else []
        self.objects = {kind: {} for kind in KINDS}
        if options.state:
            for kind, values in json.load(open(options.state)).items():
                self.objects[kind] = {v.get("id") or v["username"]: v for v in values}
        self.revision = 1
        self.log = open(options.log, "a", buffering=1) if options.log else None

    def answer(self, method, target, headers, body):
        path = target.split("?")[0].removeprefix("/apisix/admin")
        rule = self.rule(method, path)
        extra = rule.get("headers", {}) if rule else {}
        if rule and not rule.get("applies"):
            status, out = rule["status"], rule.get("body", "")
        else:
            try:
                status, out = self.route(method, target, path, headers, body)
            except Refused as e:
                status, out = e.status, e.body
            if rule:
                status, out = rule["status"], rule.get("body", "")
        if self.log:
            self.log.write("%s %s %d\n" % (method, path, status))
        if not isinstance(out, str):  # Lua's JSON escapes slashes, which only strings hold
            out = json.dumps(out, separators=(",", ":")).replace("/", "\\/")
        return status, out, extra

    def rule(self, method, path):
        for rule in self.rules:
            if rule.get("times", 1) > 0 and ("%s %s" % (method, path)).startswith(rule["match"]):
                rule["times"] = rule.get("times", 1) - 1
                return rule
        return None

    def route(self, method, target, path, headers, body):
        if not target.startswith("/apisix/admin/"):
            return 404, "<html><body>404 Not Found</body></html>"
        if headers.get("x-api-key") != KEY:
            why = "wrong apikey" if "x-api-key" in headers else "missing apikey"
            return 401, {"error_msg": "failed to check token", "description": why}
        if len(body) > BODY_MOST:
            refuse("invalid request body: the request body is too large")
        if path == "/configs/validate" and method == "POST":
            return self.validate(body)
        kind, _, name = path[1:].partition("/")
        if kind not in KINDS:
            raise Refused(404, {"error_msg": "Unsupported resource type: " + kind})
        if kind == "stream_routes" and self.options.no_stream:
            refuse("stream mode is disabled, can not add stream routes")
        if method == "GET":
            return self.get(kind, name)
        if not name:
            raise Refused(405, {"error_msg": "not supported `%s` method for %s" % (method, kind)})
        if method == "PUT":
            return self.put(kind, name, body)
        if method == "DELETE":
            return self.delete(kind, name)
        raise Refused(405, {"error_msg": "not supported `%s` method for %s" % (method, kind)})

    def entry(self, kind, name):
        value = dict(reversed(self.objects[kind][name].items()))  # the order of members is not kept
        if kind == "ssls":
            value.pop("key", None)
            value.pop("keys", None)
        if "client_key" in value.get("tls", {}):
            value["tls"] = dict(value["tls"], client_key="encrypted:" + str(self.revision))
        return {"key": "/apisix/%s/%s" % (kind, name), "value": value, "createdIndex": 1, "modifiedIndex": 1}

    def get(self, kind, name):
        if name:
            return (200, self.entry(kind, name)) if name in self.objects[kind] else (404, {"message": "Key not found"})
        entries = [self.entry(kind, n) for n in self.objects[kind]]
        return 200, {"list": entries or {}, "total": len(entries)}

    def check(self, kind, name, value):
        if not isinstance(value, dict):
            refuse("invalid configuration: wrong type: expected object, got " + type(value).__name__)
        for member in ("create_time", "update_time"):
            if member in value:
                refuse("the property is forbidden:  " + member)
        for member in sorted(value.keys() - MEMBERS.get(kind, value.keys())):
            refuse("invalid configuration: additional properties forbidden, found " + member)
        if name and str(value.get("id", name)) != name:
            refuse("wrong %s id" % kind.rstrip("s"))
        if kind == "consumers" and value.get("username") != (name or value.get("username")):
            refuse("wrong username")
        if not ID.match(name or str(value.get("id", value.get("username", "")))):
            refuse('invalid configuration: property "id" validation failed: object matches none of the required')
        for k, v in value.get("labels", {}).items():
            if not isinstance(v, str) or not re.match(r"^\S{1,256}$", v):
                refuse('invalid configuration: property "labels" validation failed: %s' % k)
        if kind == "routes" and ("uri" in value) == ("uris" in value):
            refuse("invalid configuration: value should match only one schema, but matches none")
        if kind == "routes" and not {"plugins", "upstream", "upstream_id", "service_id", "script"} & value.keys():
            refuse("invalid configuration: value should match only one schema, but matches none")
        if kind == "upstreams" and "nodes" not in value and "service_name" not in value:
            refuse("invalid configuration: value should match only one schema, but matches none")
        if kind == "ssls" and value.get("type", "server") == "server" and not {"cert", "key"} <= value.keys():
            refuse('invalid configuration: property "key" is required')

    def put(self, kind, name, body):
        try:
            value = json.loads(body)
        except ValueError as e:
            raise Refused(400, {"error_msg": "invalid request body: %s" % e, "req_body": body.decode("latin-1")})
        self.check(kind, name, value)
        for u in upstream_ids(value) if kind != "upstreams" else []:
            if u not in self.objects["upstreams"]:
                refuse("failed to fetch upstream info by upstream id [%s], response code: 404" % u)
        before = self.objects[kind].get(name)
        value = dict(as_lua_writes(value), update_time=int(time.time()))
        value["create_time"] = before["create_time"] if before and "create_time" in before else value["update_time"]
        if kind != "consumers":
            value["id"] = name
        if self.options.old:
            value = {**DEFAULTS.get(kind, {}), **value}
        self.objects[kind][name] = value
        self.revision += 1
        return (200 if before else 201), {"key": "/apisix/%s/%s" % (kind, name), "value": value}

    def delete(self, kind, name):
        if name not in self.objects[kind]:
            return 404, {"message": "Key not found"}
        if kind == "upstreams":
            for user in ("routes", "services"):  # and not stream_routes: facts of the real server
                for n, v in self.objects[user].items():
                    if name in upstream_ids(v):
                        refuse("can not delete this upstream, %s [%s] is still using it now" % (user[:-1], n))
        del self.objects[kind][name]
        self.revision += 1
        return 200, {"deleted": "1", "key": "/apisix/%s/%s" % (kind, name)}

    def validate(self, body):
        errors = []
        for kind, values in json.loads(body).items():
            for i, value in enumerate(values):
                try:
                    self.check(kind, "", value)
                except Refused as e:
                    error = {"resource_type": kind, "resource_id": value.get("id"), "index": i}
                    errors.append(dict(error, error=e.body["error_msg"]))
        if errors:
            return 400, {"error_msg": "Configuration validation failed", "errors": errors}
        return 200, {}


class Connection(asyncio.Protocol):
    def __init__(self, api, delay):
        self.api, self.delay, self.buffer = api, delay, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        while (request := self.take()) is not None:
            if self.delay:
                asyncio.get_running_loop().call_later(self.delay, self.serve, *request)
            else:
                self.serve(*request)

    def take(self):
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        lines = self.buffer[:end].decode("latin-1").split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
        size = end + 4 + int(headers.get("content-length", "0"))
        if len(self.buffer) < size:
            return None
        body, self.buffer = self.buffer[end + 4 : size], self.buffer[size:]
        method, target, _ = lines[0].split(" ")
        return method, target, headers, body

    def serve(self, method, target, headers, body):
        status, out, extra = self.api.answer(method, target, headers, body)
        if self.transport.is_closing():
            return
        if status == 0:  # a rule's: no answer
            self.transport.close()
            return
        out = out.encode()
        head = "HTTP/1.1 %d Whatever\r\nContent-Length: %d\r\nX-API-VERSION: v3\r\n" % (status, len(out))
        head += "".join("%s: %s\r\n" % h for h in extra.items())
        self.transport.write(head.encode() + b"\r\n" + out)


async def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--log")
    p.add_argument("--script")
    p.add_argument("--state")
    p.add_argument("--delay", type=float, default=0)
    p.add_argument("--tls", nargs=2)
    p.add_argument("--client-ca")
    p.add_argument("--old", action="store_true")
    p.add_argument("--no-stream", action="store_true")
    options = p.parse_args()
    context = None
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*options.tls)
        if options.client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(options.client_ca)
    api = Api(options)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(api, options.delay), "127.0.0.1", options.port, backlog=1024, ssl=context
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


try:
    asyncio.run(main())
except KeyboardInterrupt:
    sys.exit(0)
