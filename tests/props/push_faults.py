#!/usr/bin/env python3
"""gw-push and an Admin API, with something breaking at every request. TAP.

Between gw-push and the server stands a proxy that counts requests and, at the chosen one, kills gw-push, cuts
the connection, or is gone for good. Then gw-push runs again, undisturbed: the end state must be right, foreign
objects as they were, and the third run must write nothing. At every write the proxy checks that no live route
names an upstream that is not there, and no global rule of ours lacks its mark: it lets one request through at a time, in random order.

PUSH_FAULTS_STEP (default 120) is how far apart the indices are that something breaks at, 1 for all of them;
PUSH_FAULTS_SEED where the dice start. PUSH_FAULTS_AT=N runs a single index.
"""
import http.client, json, os, random, signal, socket, subprocess, sys, tempfile, threading, time

sys.dont_write_bytecode = True
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
if "B" not in os.environ:
    os.environ["PATH"] = root + "/build/bin:" + os.environ["PATH"]
SEED = int(os.environ.get("PUSH_FAULTS_SEED", "1"))
STEP = int(os.environ.get("PUSH_FAULTS_STEP", "120"))
KEY = "edd1c9f034335f136f87ad84b625c8f1"
os.environ.update(LC_ALL="C", NO_COLOR="1", APISIX_ADMIN_KEY=KEY)
KINDS = ["ssls", "upstreams", "plugin_configs", "plugin_metadata", "consumers", "global_rules", "routes", "stream_routes"]
SERVICES = 90
ROUTES = 110
# Each in one global rule at most, says the server.
PLUGINS = """ip-restriction ua-restriction referer-restriction uri-blocker request-id proxy-cache gzip real-ip prometheus
    limit-count limit-req limit-conn""".split()


class Failed(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Failed(what)


# ---- the worlds: lists of (kind of owner, name, {apisix kind: [objects]}) ----


def labels(owner):
    return {"managed-by": "gwpipe", "gwpipe-instance": "default", "gwpipe-owner": owner}


def upstream(name, host):
    return {
        "id": "service.shop.%s.80" % name,
        "labels": labels("Service/shop/" + name),
        "type": "roundrobin",
        "nodes": [{"host": host, "port": 80, "weight": 1}],
    }


def route(name, rule, service, uri):
    return {
        "id": "httproute.shop.%s.%d.0" % (name, rule),
        "labels": labels("HTTPRoute/shop/" + name),
        "uri": uri,
        "hosts": ["shop.example"],
        "priority": rule,
        "upstream_id": "service.shop.%s.80" % service,
    }


def split_route(name, services):
    """Its upstreams stand in a plugin, where the server does not see them when it deletes one."""
    r = route(name, 0, services[0], "/split/" + name)
    entries = [{"upstream_id": "service.shop.%s.80" % s, "weight": 1} for s in services]
    r["plugins"] = {"traffic-split": {"rules": [{"weighted_upstreams": entries}]}}
    return r


def world(dice, services):
    """Which services exist differs between worlds, and which of them each route uses."""
    out = []
    for s in services:
        out.append(("Service", s, {"upstreams": [upstream(s, "10.0.0.%d" % dice.randrange(1, 5))]}))
    for i in range(ROUTES):
        name = "r%d" % i
        if dice.random() < 0.15:
            continue
        if dice.random() < 0.2:
            routes = [split_route(name, dice.sample(services, 2))]
        else:
            routes = [route(name, k, dice.choice(services), "/%s/%d" % (name, k)) for k in range(dice.randrange(1, 3))]
        out.append(("HTTPRoute", name, {"routes": routes}))
    for i in range(len(PLUGINS)):
        if dice.random() < 0.6:
            rule = {"id": "g%d" % i, "plugins": {PLUGINS[i]: {"_meta": {"priority": dice.randrange(3)}}}}
            out.append(("Policy", "g%d" % i, {"global_rules": [rule]}))
    return out


def mark(owner, rule):
    """Beside each object without labels, what tells whose it is."""
    name = "mark.global_rules." + rule["id"]
    return {"id": name, "desc": "tells whose global_rules/%s is" % rule["id"], "labels": labels(owner), "plugins": {}}


def records(w):
    lines = []
    for kind, name, apisix in w:
        version = "v1" if kind == "Service" else "gateway.networking.k8s.io/v1"
        lines.append(
            {
                "type": "ADDED",
                "object": {"apiVersion": version, "kind": kind, "metadata": {"namespace": "shop", "name": name}},
                "apisix": apisix,
            }
        )
    lines.append({"type": "SYNC", "full": True})
    return "".join(json.dumps(l, separators=(",", ":")) + "\n" for l in lines).encode()


def objects(w):
    own = {(k, o["id"]): o for _, _, apisix in w for k, l in apisix.items() for o in l}
    marks = [mark("%s/shop/%s" % (kind, name), o) for kind, name, apisix in w for o in apisix.get("global_rules", [])]
    return {**own, **{("plugin_configs", m["id"]): m for m in marks}}


FOREIGN = {
    ("upstreams", "by-hand"): {"id": "by-hand", "type": "roundrobin", "nodes": {"10.9.9.9:80": 1}},
    ("global_rules", "by-hand"): {"id": "by-hand", "plugins": {"cors": {}}},
    ("routes", "by-hand"): {"id": "by-hand", "uri": "/hand", "upstream_id": "by-hand"},
    ("routes", "other-instance"): {
        "id": "other-instance",
        "uri": "/other",
        "upstream_id": "by-hand",
        "labels": dict(labels("HTTPRoute/shop/other"), **{"gwpipe-instance": "another"}),
    },
}


# ---- the server, spoken to directly ----


class Server:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.process.stdout.readline())["admin"]
        self.connection = None

    def ask(self, method, path, body=None, headers=None):
        if not self.connection:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        headers = headers or {"X-API-KEY": KEY, "Content-Type": "application/json"}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def objects(self):
        out = {}
        for kind in KINDS:
            status, body = self.ask("GET", "/apisix/admin/" + kind)
            if status == 200:
                for entry in json.loads(body)["list"] or []:
                    value = {k: v for k, v in entry["value"].items() if k not in ("create_time", "update_time")}
                    out[(kind, value["id"])] = value
        return out

    def delete(self, key):
        status, body = self.ask("DELETE", "/apisix/admin/%s/%s" % key)
        need(status in (200, 404), "cannot empty the server: %s %r" % (key, body))

    def empty(self):
        there = sorted(self.objects(), key=lambda k: KINDS.index(k[0]))
        for key in reversed(there):
            self.delete(key)

    def put(self, key, value):
        status, body = self.ask("PUT", "/apisix/admin/%s/%s" % key, json.dumps(value))
        need(status in (200, 201), "cannot put %s: %r" % (key, body))

    def close(self):
        self.process.kill()
        self.process.wait()


# ---- the proxy ----


def named(value):
    """Every upstream_id, wherever it stands."""
    if isinstance(value, list):
        return {u for v in value for u in named(v)}
    if not isinstance(value, dict):
        return set()
    own = {value["upstream_id"]} if isinstance(value.get("upstream_id"), str) else set()
    return own.union(*[named(v) for v in value.values()])


class Proxy:
    """One run's. `fault` is (what, index): "cut-before", "cut-after", "kill-before", "kill-after", "gone", "500"."""

    def __init__(self, server, live, dice, fault=None):
        self.server, self.live, self.dice, self.fault = server, dict(live), dice, fault
        self.lock = threading.Condition()
        self.waiting, self.running = [], None
        self.count, self.writes, self.refused, self.broken = 0, [], [], []
        self.client, self.is_gone = None, False
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                c, _ = self.listener.accept()
            except OSError:
                return
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        stream = c.makefile("rb")
        try:
            while self.one(c, stream):
                pass
        except OSError:
            pass
        stream.close()
        c.close()

    def one(self, c, stream):
        head = stream.readline()
        if not head or self.is_gone:
            return False
        method, path, _ = head.decode().split(" ", 2)
        headers = {}
        while (line := stream.readline().strip()):
            name, value = line.decode().split(": ", 1)
            headers[name] = value
        body = stream.read(int(headers.get("Content-Length", "0")))
        me = object()
        with self.lock:
            self.waiting.append(me)
            self.choose()
            while self.running is not me:
                self.lock.wait(5)
        try:
            return self.forward(c, method, path, headers, body)
        finally:
            with self.lock:
                self.running = None
                self.choose()

    def choose(self):
        if not self.running and self.waiting:
            self.running = self.waiting.pop(self.dice.randrange(len(self.waiting)))
            self.lock.notify_all()

    def forward(self, c, method, path, headers, body):
        what = self.fault[0] if self.fault and self.fault[1] == self.count else ""
        self.count += 1
        if what == "gone":
            self.is_gone = True
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
        if self.is_gone or what == "cut-before":
            return False
        if what == "kill-before":
            return self.kill()
        if what == "500":
            c.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 15\r\n\r\n<html>no</html>")
            return True
        status, answer = self.server.ask(method, path, body or None, headers)
        self.note(method, path, body, status, answer)
        if what == "kill-after":
            return self.kill()
        if what == "cut-after":
            return False
        c.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(answer)) + answer)
        return True

    def kill(self):
        self.client.send_signal(signal.SIGKILL)
        self.is_gone = True
        return False

    def note(self, method, path, body, status, answer):
        if method == "GET":
            return
        self.writes.append("%s %s" % (method, path))
        key = tuple(path.split("/")[-2:])
        if status >= 400 and not (method == "DELETE" and status == 404):
            self.refused.append("%s %s: %d %s" % (method, path, status, answer[:200]))
        elif method == "PUT":
            self.live[key] = json.loads(body)
        else:
            self.live.pop(key, None)
        for (kind, name), value in self.live.items():
            for u in named(value):
                if ("upstreams", u) not in self.live:
                    self.broken.append("after %s %s: %s %s names the missing upstream %s" % (method, path, kind, name, u))
            if kind == "global_rules" and name != "by-hand" and ("plugin_configs", "mark.global_rules." + name) not in self.live:
                self.broken.append("after %s %s: nothing tells whose global rule %s is" % (method, path, name))

    def push(self, data, *options):
        args = ["gw-push", "--force", "--to", "admin:http://127.0.0.1:%d" % self.port, *options]
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as err:
            given.write(data)
            given.seek(0)
            self.client = subprocess.Popen(args, stdin=given, stdout=subprocess.DEVNULL, stderr=err)
            code = self.client.wait(60)
            err.seek(0)
            said = err.read().decode("utf-8", "replace")
        self.is_gone = True
        self.listener.close()
        need(not self.broken, "\n".join(self.broken[:5]))
        need(not self.refused, "refused by the server:\n" + "\n".join(self.refused[:5]))
        return code, said


# ---- the campaign ----


def same(got, want, what):
    wrong = [k for k in sorted(set(got) | set(want)) if got.get(k) != want.get(k)]
    if wrong:
        k = wrong[0]
        raise Failed("%s: %d differ, first %s: %s, expected %s" % (what, len(wrong), k, got.get(k), want.get(k)))


def expectation(fault, code):
    if fault[0].startswith("kill"):
        return code == -signal.SIGKILL
    if fault[0] == "gone":
        return code == 4
    return code == 0  # it tries again by itself


def attempt(server, before, data, want, fault, dice):
    server.empty()
    for key in sorted(before, key=lambda k: KINDS.index(k[0])):
        server.put(key, before[key])
    p = Proxy(server, before, dice, fault)
    code, said = p.push(data, "--retry-for", "0" if fault[0] == "gone" else "10", "--concurrency", str(dice.choice([1, 4, 16])))
    need(expectation(fault, code), "exit code %s under the fault\n%s" % (code, said))
    p = Proxy(server, server.objects(), dice)
    code, said = p.push(data)
    need(code == 0, "exit code %s of the run after it\n%s" % (code, said))
    same(server.objects(), want, "after the second run")
    p = Proxy(server, want, dice)
    code, said = p.push(data)
    need(code == 0 and not p.writes, "the third run: exit code %s, writes %s\n%s" % (code, p.writes[:5], said))


def campaign(server):
    dice = random.Random(SEED)
    names = ["s%d" % i for i in range(SERVICES)]
    old = world(dice, [n for n in names if dice.random() < 0.7])
    new = world(dice, [n for n in names if dice.random() < 0.7])
    before, want = {**objects(old), **FOREIGN}, {**objects(new), **FOREIGN}
    server.empty()
    for key in sorted(before, key=lambda k: KINDS.index(k[0])):
        server.put(key, before[key])
    p = Proxy(server, before, dice)
    code, said = p.push(records(new))
    need(code == 0, said)
    same(server.objects(), want, "without any fault")
    print("# %d objects live, %d requests and %d writes to change them" % (len(before), p.count, len(p.writes)))
    return before, records(new), want, p.count


def main():
    server = Server(sys.argv[1:] or [sys.executable, root + "/tests/double/apisix_double.py", "--keepalive-requests", "0"])
    n_failed, n = 0, 0
    try:
        before, data, want, total = campaign(server)
        print("ok 1 - a push of one world over another, requests in any order")
        n = 1
        for k, what in enumerate(["cut-before", "cut-after", "500", "gone", "kill-before", "kill-after"]):
            start = (SEED * 37 + k * 29) % STEP
            indices = [int(os.environ["PUSH_FAULTS_AT"])] if "PUSH_FAULTS_AT" in os.environ else range(start, total, STEP)
            problem, began = "", time.time()
            for i in indices:
                try:
                    attempt(server, before, data, want, (what, i), random.Random(SEED * 1000 + i))
                except Failed as e:
                    problem = "PUSH_FAULTS_SEED=%d PUSH_FAULTS_AT=%d: %s" % (SEED, i, e)
                    break
            n += 1
            n_failed += bool(problem)
            print("%sok %d - %s at %d of %d requests" % ("not " if problem else "", n, what, len(indices), total))
            print("# %s" % (problem.replace("\n", "\n# ") or "%.1f s" % (time.time() - began)), flush=True)
    finally:
        server.close()
    print("1..%d" % n)
    return n_failed > 0


sys.exit(main())
