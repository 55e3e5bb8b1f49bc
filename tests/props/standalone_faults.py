#!/usr/bin/env python3
"""gw-push and a standalone APISIX's API, with something breaking at every request. TAP.

A stream of two SYNCs takes an instance from one world to another and on to a third; at each of its requests in
turn gw-push is killed, the connection is cut, the instance restarts empty, answers 500, is gone for good, or
somebody else writes first. Then gw-push runs again, undisturbed: the end state must be right, with the objects
of others as they are, and the third run must write nothing. The double watches over what no client may do:
two documents in one second, a number used twice, objects sent under a version that is held already.

STANDALONE_FAULTS_SEED (default 1) is where the dice start; STANDALONE_FAULTS_AT=WHAT:N runs a single one.
"""
import concurrent.futures, copy, json, os, random, signal, subprocess, sys, tempfile, threading

sys.dont_write_bytecode = True
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, root + "/tests/props")
import standalone

if "B" not in os.environ:
    os.environ["PATH"] = root + "/build/bin:" + os.environ["PATH"]
SEED = int(os.environ.get("STANDALONE_FAULTS_SEED", "1"))
ONE = os.environ.get("STANDALONE_FAULTS_AT")
os.environ.update(LC_ALL="C", NO_COLOR="1", APISIX_ADMIN_KEY=standalone.KEY)
FAULTS = ["kill-before", "kill-after", "cut-before", "cut-after", "restart-before", "restart-after", "500", "gone", "race"]
KINDS = ["routes", "upstreams", "services"]


class Failed(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Failed(what)


# ---- the worlds ----


def labels(owner):
    return {"managed-by": "gwpipe", "gwpipe-instance": "default", "gwpipe-owner": owner}


def world(dice):
    """(kind, name) -> (apisix kind, object)"""
    out = {}
    services = [s for s in range(30) if dice.random() < 0.8]
    for s in services:
        node = {"host": "10.0.0.%d" % dice.randrange(1, 4), "port": 80, "weight": 1}
        out["Service", "s%d" % s] = ("upstreams", {"id": "s%d" % s, "labels": labels("Service/n/s%d" % s), "nodes": [node]})
    for r in range(40):
        if dice.random() < 0.8:
            one = {"id": "r%d" % r, "labels": labels("HTTPRoute/n/r%d" % r), "uri": "/%d" % dice.randrange(3)}
            out["HTTPRoute", "r%d" % r] = ("routes", dict(one, upstream_id="s%d" % dice.choice(services)))
    return out


def record(key, entry, change="ADDED"):
    version = "v1" if key[0] == "Service" else "gateway.networking.k8s.io/v1"
    r = {"type": change, "object": {"apiVersion": version, "kind": key[0], "metadata": {"namespace": "n", "name": key[1]}}}
    if entry:
        r["apisix"] = {entry[0]: [entry[1]]}
    return json.dumps(r) + "\n"


def lines(w):
    return "".join(record(k, v) for k, v in w.items()) + '{"type":"SYNC","full":true}\n'


def difference(old, new):
    """Records from one world to another, and a SYNC."""
    changed = [record(k, v) for k, v in new.items() if old.get(k) != v]
    gone = [record(k, None, "DELETED") for k in old if k not in new]
    return "".join(changed + gone) + '{"type":"SYNC"}\n'


def objects(w):
    return {(kind, o["id"]): o for kind, o in w.values()}


FOREIGN = {
    ("upstreams", "by-hand"): {"id": "by-hand", "modifiedIndex": 3, "nodes": {"10.9.9.9:80": 1}},
    ("routes", "by-hand"): {"uri": "/hand", "id": "by-hand", "upstream_id": "by-hand", "priority": 0.5},
    ("services", "other"): {"id": "other", "labels": dict(labels("Service/n/other"), **{"gwpipe-instance": "b"})},
}
THEIRS = {"id": "late", "hosts": ["late.example"]}


def document(content):
    d = {kind + "_conf_version": 1000 for kind in standalone.KINDS}
    for (kind, _), o in content.items():
        d.setdefault(kind, []).append(o)
    return dict(d, **{"X-Digest": "by hand", "X-Last-Modified": 1})


# ---- the server ----


class Handler(standalone.Handler):
    def answer(self):
        s = self.server
        with s.state.lock:
            fault = s.fault[0] if s.fault and s.fault[1] == s.count else ""
            s.count += 1
            if s.is_gone or fault == "gone":
                s.is_gone = True
                self.close_connection = True
                return
            if fault == "race":
                s.race()
            if fault == "restart-before":
                s.state.restart()
            if fault in ("kill-before", "cut-before", "restart-before"):
                return self.break_off(fault)
            if fault == "500":
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                return self.say(500, "<html>no</html>")
            if fault in ("kill-after", "cut-after"):
                self.wfile = open(os.devnull, "wb")
            super().answer()
            if fault == "restart-after":
                s.state.restart()
            if fault in ("kill-after", "cut-after", "restart-after"):
                self.break_off(fault)

    do_GET = do_HEAD = do_PUT = do_POST = answer

    def break_off(self, fault):
        self.close_connection = True
        if fault.startswith("kill"):
            self.server.client.send_signal(signal.SIGKILL)


class Server(standalone.Server):
    request_queue_size = 64

    def __init__(self, fault=None):
        super().__init__()
        self.RequestHandlerClass = Handler
        self.begin(fault)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def begin(self, fault):
        self.fault, self.count, self.is_gone, self.client, self.has_raced = fault, 0, False, None, False
        self.state.log.clear()

    def race(self):
        """Somebody else adds a service, of a kind that we do not write."""
        d = self.state.whole()
        d["services"] = d.get("services", []) + [THEIRS]
        d["services_conf_version"] += 1
        d["X-Digest"], d["X-Last-Modified"] = "theirs", 2
        self.state.document, self.has_raced = d, True

    def content(self):
        return {(kind, o["id"]): o for kind in KINDS for o in self.state.document.get(kind, [])}

    def writes(self):
        return [line for line in self.state.log if line.startswith("PUT")]

    def push(self, data, *options):
        url = "standalone:http://127.0.0.1:%d" % self.server_address[1]
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as err:
            given.write(data.encode())
            given.seek(0)
            with self.state.lock:  # no request before it is known whom to kill
                args = ["gw-push", "--force", "--to", url, *options]
                self.client = subprocess.Popen(args, stdin=given, stdout=subprocess.DEVNULL, stderr=err)
            code = self.client.wait(60)
            with self.state.lock:  # the last request is over
                pass
            err.seek(0)
            return code, err.read().decode("utf-8", "replace")


# ---- the campaign ----


def plain(content, ours):
    return {k: {m: v for m, v in o.items() if m != "modifiedIndex"} if k in ours else o for k, o in content.items()}


def same(got, want, what):
    wrong = [k for k in sorted(set(got) | set(want)) if got.get(k) != want.get(k)]
    if wrong:
        k = wrong[0]
        raise Failed("%s: %d differ, first %s: %s, expected %s" % (what, len(wrong), k, got.get(k), want.get(k)))


def expectation(what, code):
    if what.startswith("kill"):
        return code == -signal.SIGKILL
    return code == (4 if what == "gone" else 0)


def attempt(old, middle, new, fault):
    server = Server(fault)
    try:
        server.state.document = document({**FOREIGN, **objects(old)})
        data = lines(middle) + difference(middle, new)
        code, said = server.push(data, "--retry-for", "0" if fault and fault[0] == "gone" else "10")
        total = server.count
        if fault:
            need(expectation(fault[0], code), "exit code %s under the fault\n%s" % (code, said))
        else:
            need(code == 0, "exit code %s\n%s" % (code, said))
        # What a restart took is lost but for what is ours; others put theirs back, or do not.
        kept = {k: v for k, v in server.content().items() if k not in objects(old) and k not in objects(middle) and k not in objects(new)}
        restarted = fault and fault[0].startswith("restart")
        theirs = {**FOREIGN, ("services", "late"): THEIRS} if server.has_raced else FOREIGN
        same(kept, kept if restarted else theirs, "objects of others")
        # But for a restart after its last request, gw-push has seen to everything by itself.
        if code == 0 and not (restarted and fault == ("restart-after", total - 1)):
            same(plain(server.content(), objects(new)), {**kept, **objects(new)}, "after the first run")
        server.begin(None)
        code, said = server.push(lines(new))
        need(code == 0, "exit code %s of the run after it\n%s" % (code, said))
        same(plain(server.content(), objects(new)), {**kept, **objects(new)}, "after the second run")
        server.begin(None)
        code, said = server.push(lines(new))
        need(code == 0 and not server.writes(), "the third run: exit code %s, %s\n%s" % (code, server.writes(), said))
        need(not server.state.wrong, "; ".join(server.state.wrong[:3]))
        return total
    finally:
        server.shutdown()
        server.server_close()


def tried(worlds, fault):
    try:
        attempt(*copy.deepcopy(worlds), fault)
        return ""
    except Failed as e:
        return "STANDALONE_FAULTS_SEED=%d STANDALONE_FAULTS_AT=%s:%d: %s" % (SEED, fault[0], fault[1], e)


def main():
    dice = random.Random(SEED)
    worlds = [world(dice), world(dice), world(dice)]
    total = attempt(*copy.deepcopy(worlds), None)
    print("ok 1 - from one world to another and a third")
    print("# %d requests" % total)
    todo = [(what, i) for what in FAULTS for i in range(total)]
    if ONE:
        todo = [(ONE.split(":")[0], int(ONE.split(":")[1]))]
    with concurrent.futures.ThreadPoolExecutor(24) as pool:  # they mostly wait for the two seconds to pass
        results = list(pool.map(lambda fault: (fault, tried(worlds, fault)), todo))
    n, n_failed = 1, 0
    for what in FAULTS:
        problems = [p for fault, p in results if fault[0] == what and p]
        n += 1
        n_failed += bool(problems)
        print("%sok %d - %s at each request" % ("not " if problems else "", n, what))
        for p in problems:
            print("# " + p.replace("\n", "\n# "))
    print("1..%d" % n)
    return n_failed > 0


sys.exit(main())
