"""The API of a standalone APISIX 3.18 (role traditional, config_provider yaml), for standalone_faults.py, which runs two
dozen of it at once and breaks them in the middle of requests. tests/double has a stricter one.

It keeps what the workers of an APISIX would hold, since they outlive the document: a version or a modifiedIndex
that is used a second time for something else would leave them with the old object. `wrong` is what no client
should have done.
"""
import http.server, json, re, socket, threading, time

KEY = "edd1c9f034335f136f87ad84b625c8f1"
INDEXED = "routes services upstreams ssls stream_routes consumers consumer_groups global_rules plugin_configs protos"
KINDS = INDEXED.split() + ["plugin_metadata", "secrets", "plugins"]
NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
VALIDATE_MOST = 1572864
MEMORY = 10485760


def problem(kind, item):
    """Why APISIX would not take the object."""
    if not isinstance(item, dict):
        return "object matches none of the required"
    name = item.get("username" if kind == "consumers" and "id" not in item else "id")
    if not isinstance(name, str) or not NAME.fullmatch(name.replace("/credentials/", ".")):
        return 'property "id" validation failed: object matches none of the required'
    index = item.get("modifiedIndex")
    if index is not None and (kind not in INDEXED.split() or type(index) is not int):
        return "additional properties forbidden, found modifiedIndex"
    if kind == "routes":
        if not str(item.get("uri", item.get("uris", [""])[0])).startswith("/"):
            return 'property "uri" validation failed: wrong value %s' % item.get("uri")
        if not any(k in item for k in ("plugins", "upstream", "upstream_id", "service_id")):
            return "object matches none of the required"
    if kind == "upstreams" and "nodes" not in item:
        return "value should match only one schema, but matches none"
    if kind == "ssls" and not str(item.get("cert", "")).startswith("-----BEGIN"):
        return "failed to parse cert: %s with key %s" % (item.get("cert"), item.get("key"))
    return None


class State:
    def __init__(self, memory):
        self.lock = threading.RLock()
        self.memory = memory
        self.document = {}
        self.workers = {}  # kind -> (version, {id: (modifiedIndex, object)})
        self.stream_second = None
        self.log, self.wrong = [], []

    def restart(self):
        self.document, self.workers, self.stream_second = {}, {}, None

    def whole(self):
        return dict({k + "_conf_version": 0 for k in KINDS}, **self.document)

    def headers(self):
        return {k: str(self.document[k]) for k in ("X-Digest", "X-Last-Modified") if k in self.document}

    def checked(self, given):
        errors = []
        for kind in KINDS:
            seen = set()
            for i, item in enumerate(given.get(kind) or []):
                name = item.get("id", item.get("username")) if isinstance(item, dict) else None
                why = None if kind == "plugins" else problem(kind, item)
                if not why and kind != "plugins" and name in seen:
                    why = "found duplicate id %s in %s" % (name, kind)
                seen.add(name)
                if why:
                    errors.append({"resource_type": kind, "resource_id": name, "index": i, "error": why})
        return errors

    def put(self, text, digest):
        """Status and body."""
        if not digest:
            return 400, {"error_msg": "missing digest header"}
        if self.document.get("X-Digest") == digest:
            return 204, None
        try:
            given = json.loads(text)
        except ValueError:
            return 400, {"error_msg": "invalid request body: not JSON"}
        after = {}
        for kind in KINDS:
            key = kind + "_conf_version"
            held = self.document.get(key, 0)
            version = given.get(key, held + 1)
            if type(version) is not int:
                return 400, {"error_msg": "%s must be a number" % key}
            if version < held:
                return 400, {"error_msg": "%s must be greater than or equal to (%d)" % (key, held)}
            if version > 99999999999999:
                self.wrong.append("%s %d has too many digits" % (key, version))
            items = self.document.get(kind) if version == held else given.get(kind)
            if version == held and given.get(kind) not in (None, items):
                self.wrong.append("%s of version %d were sent, which is held, and not taken" % (kind, version))
            after[key] = version
            if items:
                after[kind] = items
        errors = self.checked(given)
        if errors:
            return 400, {"error_msg": errors[0]["error"]}
        after["X-Digest"], after["X-Last-Modified"] = digest, int(time.time())
        size = len(json.dumps(after, separators=(",", ":")))
        if size > self.memory:
            self.document = {}
            return 500, "failed to save config to shared dict: no memory"
        self.document = after
        self.apply()
        return 202, None

    def apply(self):
        """What the workers make of it."""
        if self.document["X-Last-Modified"] == self.stream_second:
            self.wrong.append("two documents in one second")
        self.stream_second = self.document["X-Last-Modified"]
        for kind in KINDS[:-1]:
            version, objects = self.document[kind + "_conf_version"], {}
            held, had = self.workers.get(kind, (None, {}))
            for item in self.document.get(kind, []):
                name, index = item.get("id", item.get("username")), item.get("modifiedIndex")
                if index is not None and name in had and had[name][0] == index and had[name][1] != item:
                    self.wrong.append("%s %s has changed under its modifiedIndex %d" % (kind, name, index))
                objects[name] = (index, item)
            if version == held and objects != had:
                self.wrong.append("%s have changed under their version %d" % (kind, version))
            self.workers[kind] = (version, objects)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536

    def log_message(self, *args):
        pass

    def say(self, status, body=None, headers={}):
        data = b"" if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k, v)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        self.wfile.flush()

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionError, socket.timeout):
            self.close_connection = True

    def answer(self):
        state = self.server.state
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with state.lock:
            state.log.append("%s %s" % (self.command, self.path))
            if self.headers.get("X-API-KEY") != KEY:
                return self.say(401, {"error_msg": "failed to check token", "description": "wrong apikey"})
            call = {
                ("HEAD", "/apisix/admin/configs"): self.head,
                ("GET", "/apisix/admin/configs"): self.head,
                ("PUT", "/apisix/admin/configs"): self.put,
                ("POST", "/apisix/admin/configs/validate"): self.validate,
            }.get((self.command, self.path))
            if not call:
                return self.say(404, {"error_msg": "not found"})
            call(state, body)

    do_GET = do_HEAD = do_PUT = do_POST = answer

    def head(self, state, body):
        self.say(200, state.whole() if self.command == "GET" else None, state.headers())

    def put(self, state, body):
        status, answer = state.put(body, self.headers.get("X-Digest"))
        self.say(status, answer, state.headers() if status == 202 else {})

    def validate(self, state, body):
        if len(body) > VALIDATE_MOST:
            return self.say(400, {"error_msg": "maximum request size 1572864 bytes but got %d bytes" % len(body)})
        errors = state.checked(json.loads(body))
        if errors:
            return self.say(400, {"error_msg": "Configuration validation failed", "errors": errors})
        self.say(200, {})


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.state = State(MEMORY)
