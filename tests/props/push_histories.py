#!/usr/bin/env python3
"""gw-push that follows a random life of a fleet: Gateways, the GatewayProxies that name their data planes, keys, routes.
TAP.

At its end, a run from nothing over the same world must find nothing to write on any of the servers; when its Gateways go,
nothing of ours may be left on those that GatewayProxies name; and when it starts anew and objects are refused of which
no good version is known, what they have stays, and what those have that wait for them. At no moment was there a live route whose upstream
was not, or a request that no client should send.

HISTORIES_ROUNDS (default 12) is how many lives there are, HISTORIES_SEED (default 1) where the dice start; every fourth has a
standalone instance, which takes a document every two seconds.
"""
import base64, copy, json, os, random, subprocess, sys, urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from props import CERT, PART, Failed, event, history, listing, need, pipe, root, text
from world import Maker, identity

ROUNDS = int(os.environ.get("HISTORIES_ROUNDS", "12"))
SEED = int(os.environ.get("HISTORIES_SEED", "1"))
KEY = "edd1c9f034335f136f87ad84b625c8f1"
STAGES = [["gw-validate"], ["gw-resolve-refs", "--gateway-proxies"], ["gw-translate"]]
PUSH = "gw-push --force --gateway-proxies --recheck 0 --retry-for 0 --to".split()
os.environ["APISIX_ADMIN_KEY"] = KEY


class Double:
    def __init__(self, mode):
        command = [sys.executable, root + "/tests/double/apisix_double.py", "--mode", mode]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        ports = json.loads(self.process.stdout.readline())
        self.url = "http://127.0.0.1:%d" % ports["admin"]
        self.double = "http://127.0.0.1:%d/_double/" % ports["double"]

    def ask(self, command):
        with urllib.request.urlopen(urllib.request.Request(self.double + command, method="POST")) as answer:
            return json.loads(answer.read() or b"null")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Fleet(Maker):
    """Worlds of which most is about data planes. `urls` are those of two Admin APIs and, or None, of an instance."""

    def __init__(self, rng, urls):
        super().__init__(rng, CERT)
        self.urls = urls
        self.knows_key = rng.random() < 0.7

    def gateway(self, ns, name):
        o = super().gateway(ns, name)
        if self.rng.random() < 0.85:
            o["spec"]["gatewayClassName"] = "apisix"
        if self.rng.random() < 0.6:
            ref = {"group": "apisix.apache.org", "kind": "GatewayProxy", "name": self.rng.choice(["p0", "p1"])}
            o["spec"]["infrastructure"] = {"parametersRef": ref}
        return o

    def gateway_proxy(self, ns, name):
        o = super().gateway_proxy(ns, name)
        plane = o["spec"].get("provider", {}).get("controlPlane")
        if not plane:
            return o
        one, two, instance = self.urls
        plane.pop("service", None)
        plane["endpoints"] = self.rng.choice([[one], [two], [one, two]])
        if plane["mode"] == "apisix-standalone":
            plane["mode"] = plane["mode"] if instance else "apisix"
            plane["endpoints"] = [instance or two]
        if "value" in plane["auth"]["adminKey"]:
            plane["auth"]["adminKey"]["value"] = KEY if self.knows_key else self.rng.choice([KEY, "wrong"])
        return o

    def secret(self, ns, name):
        o = super().secret(ns, name)
        o.setdefault("data", {})["token"] = base64.b64encode(KEY.encode()).decode()
        return o

    def any(self):
        ns = self.rng.choice(["red", "red", "blue"])
        kind = self.rng.choice("any any any route route route proxy gateway gateway secret".split())
        if kind == "route":
            return self.http_route(ns, "r%d" % self.rng.randint(0, 4))
        if kind == "proxy":
            return self.gateway_proxy(ns, self.rng.choice(["p0", "p1"]))
        if kind == "gateway":
            return self.gateway(ns, self.rng.choice(["g0", "g1"]))
        if kind == "secret":
            return self.secret(ns, self.rng.choice(["cert", "bad"]))
        return super().any()

    def world(self, size=40):
        world = super().world(size)
        first = [self.gateway("red", "g1"), self.gateway("blue", "g0"), self.secret("red", "bad"), self.secret("blue", "cert")]
        first += [self.gateway_proxy(*p) for p in [("red", "p0"), ("red", "p1"), ("blue", "p0")]]
        first += [self.http_route(*r) for r in [("red", "r2"), ("red", "r3"), ("blue", "r2")]]
        world.update((identity(o), o) for o in first)
        return world

    def life(self):
        """As history() has it; without a class at its end there would be nothing to see."""
        lines, world = history(self, self.rng, steps=8)
        ours = self.gateway_class("apisix")
        world[identity(ours)] = ours
        lines += [event("MODIFIED", ours), PART]
        for _ in range(self.rng.randint(0, 6)):
            for _ in range(self.rng.randint(1, 4)):
                o = self.any()
                world[identity(o)] = o
                lines.append(event("MODIFIED", o))
            if self.rng.random() < 0.5:
                key = self.rng.choice(sorted(k for k in world if k[1] in ("GatewayProxy", "Gateway", "Secret", "HTTPRoute")))
                lines.append(event("DELETED", world.pop(key)))
            lines.append(PART)
        return lines, world


class Settled(Fleet):
    """Gateways that stay with their GatewayProxies, and these with their servers."""

    def gateway(self, ns, name):
        o = super().gateway(ns, name)
        ref = {"group": "apisix.apache.org", "kind": "GatewayProxy", "name": name.replace("g", "p")}
        o["spec"].update(gatewayClassName="apisix", infrastructure={"parametersRef": ref})
        return o

    def gateway_proxy(self, ns, name):
        o = super().gateway_proxy(ns, name)
        key = {"type": "AdminKey", "adminKey": {"value": KEY}}
        plane = {"endpoints": [self.urls[int(name[1:])]], "auth": key}
        o["spec"]["provider"] = {"type": "ControlPlane", "controlPlane": plane}
        return o

    def life(self):
        world = self.world(20)
        ours = [self.gateway_class("apisix")]
        ours += [self.gateway_proxy(ns, name) for ns in ("red", "blue", "green") for name in ("p0", "p1")]
        world.update((identity(o), o) for o in ours)
        lines = listing(world, self.rng)
        for _ in range(self.rng.randint(0, 20)):
            o = self.any()
            if o["kind"] != "GatewayClass":
                world[identity(o)] = o
                lines += [event("MODIFIED", o)] + [PART] * self.rng.randint(0, 1)
        gone = [world.pop(key) for key in sorted(world) if key[1] == "Gateway"]
        self.rng.shuffle(gone)
        for o in gone:
            lines += [event("DELETED", o)] + [PART] * self.rng.randint(0, 1)
        return lines + [PART], world


def writes(double):
    log = [r for r in double.ask("log")["log"] if r["method"] in ("PUT", "DELETE")]
    return "\n".join("%(method)s %(path)s %(status)s" % r for r in log)


def n_objects(double):
    return sum(len(kind) for kind in double.ask("state").values() if isinstance(kind, (dict, list)))


def a_full_pass_finds_nothing_to_write(doubles, push, rng):
    lines, world = Fleet(rng, ([d.url for d in doubles[1:]] + [None])[:3]).life()
    pipe(STAGES + push, text(lines), allowed=(0, 1, 4))
    n = sum(n_objects(d) for d in doubles)
    for d in doubles:
        check(d)
        d.ask("forget")
    pipe(STAGES + push, text(listing(world)), allowed=(0, 1, 4))
    for i, d in enumerate(doubles):
        need(d.ask("stats")["writes"] == 0, "server %d is written to again:\n%s" % (i, writes(d)))
    return n


def nothing_is_left_when_the_Gateways_go(doubles, push, rng):
    lines, _ = Settled(rng, [d.url for d in doubles[1:]][:2] + [None]).life()
    pipe(STAGES + push, text(lines), allowed=(0, 1))
    for i, d in enumerate(doubles):
        check(d)
        need(n_objects(d) == 0, "left on server %d: %s" % (i, json.dumps(d.ask("state"))))
    return sum(d.ask("stats")["writes"] for d in doubles)


def spoilt(o):
    """A version that gw-validate refuses."""
    o = copy.deepcopy(o)
    spec = o.get("spec", {})
    if o["kind"] == "Gateway":
        spec["listeners"][0]["port"] = 99999
    elif o["kind"] in ("HTTPRoute", "GRPCRoute"):
        spec["hostnames"] = ["NOT_ONE!"]
    elif o["kind"] == "GatewayProxy":
        spec["provider"] = {"type": "Nonsense"}
    elif o["kind"] == "Service":
        spec["ports"] = [{"port": "http"}]
    else:
        return None
    return o


def owned(double, owners):
    """What the owners have on a server: global rules and metadata are those of the owners of their marks."""
    state, found = double.ask("state"), {}
    for kind, objects in state.items():
        for name, o in (objects if isinstance(objects, dict) else {}).items():
            mark = state["plugin_configs"].get("mark.%s.%s" % (kind, name), {})
            labels = o.get("labels") or mark.get("labels") or {}
            if labels.get("gwpipe-owner") in owners:
                found[kind + "/" + name] = o
    return found


def what_is_held_after_a_restart_keeps_what_it_has(doubles, push, rng):
    maker = rng.choice([Fleet, Settled])(rng, [d.url for d in doubles[1:]][:2] + [None])
    world = maker.world(20)
    ours = maker.gateway_class("apisix")
    world[identity(ours)] = ours
    pipe(STAGES + push, text(listing(world)), allowed=(0, 1, 4))
    bad = {key: spoilt(world[key]) for key in rng.sample(sorted(world), 4)}
    world.update((key, o) for key, o in bad.items() if o)
    records = [json.loads(line) for line in pipe(STAGES, text(listing(world, rng))).splitlines()]
    owners = {"/".join(identity(r["object"])[1:]) for r in records if r.get("held")}
    need(owners >= {"/".join(key[1:]) for key, o in bad.items() if o and key[1] != "Service"}, "not all are held")
    before = [owned(d, owners) for d in doubles[:3]]
    pipe(STAGES + push, text(listing(world)), allowed=(0, 1, 4))
    for n, d in enumerate(doubles[:3]):
        check(d)
        after = owned(d, owners)
        for key in before[n]:
            need(before[n][key] == after.get(key), "server %d: %s was %s\n%s" % (n, key, before[n][key], after.get(key)))
    return sum(map(len, before))


def check(double):
    stats = double.ask("stats")
    need(not stats["dangling"] and not stats["wrong"], "dangling: %(dangling)s\nwrong: %(wrong)s" % stats)


def live_through(prop, seed):
    doubles = [Double("admin"), Double("admin"), Double("admin")] + ([Double("standalone")] if seed % 4 == 0 else [])
    try:
        return prop(doubles, [PUSH + ["admin:" + doubles[0].url]], random.Random("%s %d" % (prop.__name__, seed)))
    finally:
        for d in doubles:
            d.close()


PROPERTIES = [
    a_full_pass_finds_nothing_to_write,
    nothing_is_left_when_the_Gateways_go,
    what_is_held_after_a_restart_keeps_what_it_has,
]


def main():
    print("# HISTORIES_SEED=%d HISTORIES_ROUNDS=%d" % (SEED, ROUNDS))
    for n, prop in enumerate(PROPERTIES, 1):
        title = "%d props: after any life of a fleet, %s" % (n, prop.__name__.replace("_", " "))
        total = 0
        for seed in range(SEED, SEED + ROUNDS):
            try:
                total += live_through(prop, seed)
            except Failed as why:
                print("not ok " + title)
                print("#   HISTORIES_SEED=%d HISTORIES_ROUNDS=1 tests/props/push_histories.py" % seed)
                print("\n".join("#   " + line[:2000] for line in str(why).splitlines()))
                break
        else:
            empty = total == 0 and ROUNDS >= 10  # lives that come to nothing prove nothing
            print("%s %s" % ("not ok" if empty else "ok", title))
        sys.stdout.flush()
    print("1..%d" % len(PROPERTIES))


if __name__ == "__main__":
    main()
