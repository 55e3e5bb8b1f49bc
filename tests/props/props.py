#!/usr/bin/env python3
"""Properties of the pipe on random worlds. TAP.

PROPS_ROUNDS (default 20) is how often each property is tried, PROPS_SEED (default 1) where the dice start; a failure
names the seed that repeats it: PROPS_SEED=N PROPS_ROUNDS=1 tests/props/props.py NAME
"""
import json, os, random, re, subprocess, sys, tempfile

import yaml

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from world import Maker, certificate, identity

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
if "B" not in os.environ:
    os.environ["PATH"] = root + "/build/bin:" + os.environ["PATH"]
os.environ.update(LC_ALL="C", NO_COLOR="1", GW_NOW="1767225600")
CERT = certificate(root + "/docs/examples/bookshop")
SCHEMA = os.path.join(root, "../shared/data/apisix-3.18.0-schema.json")
STAGES = [["gw-validate"], ["gw-resolve-refs"], ["gw-translate"]]
FULL = '{"type":"SYNC","full":true}'
PART = '{"type":"SYNC"}'
IDENTITY = ["jq", "-c", "--unbuffered", "."]


class Failed(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Failed(what)


def text(lines):
    return "".join(l + "\n" for l in lines).encode()


def event(kind, obj):
    return json.dumps({"type": kind, "object": obj}, separators=(",", ":"))


def pipe(commands, data, allowed=(0, 1)):
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(data)
        given.seek(0)
        procs, stdin = [], given
        for i, c in enumerate(commands):
            last = i == len(commands) - 1
            p = subprocess.Popen(c, stdin=stdin, stdout=out if last else subprocess.PIPE, stderr=err)
            if procs:
                procs[-1].stdout.close()
            stdin = p.stdout
            procs.append(p)
        codes = [p.wait() for p in procs]
        err.seek(0)
        said = err.read().decode("utf-8", "replace")
        need(all(c in allowed for c in codes), "exit codes %s\n%s" % (codes, said[-1500:]))
        out.seek(0)
        return out.read()


# Whatever holds for the only data plane holds for each of two, and for what GatewayProxies leave to it.
PLANE = None  # of two the one that is looked at: "" or "edge"


def choose_plane(rng):
    global PLANE
    PLANE = rng.choice([None, None, "", "edge"])
    STAGES[1] = ["gw-resolve-refs"] + (["--data-plane", "red/g1=edge"] if PLANE is not None else [])
    if rng.random() < 0.3:
        STAGES[1].append("--gateway-proxies")
    if rng.random() < 0.2:
        STAGES[1].append("--share-hostnames")


def push_to(path):
    plane = PLANE + "=" if PLANE else ""
    rest = "edge=" if PLANE == "" else ""
    others = [] if PLANE is None else ["--to", rest + "file:" + os.path.join(os.path.dirname(path), "rest-" + os.path.basename(path))]
    return [["gw-push", "--force", "--format", "json", "--to", plane + "file:" + path] + others]


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError:
        return b""


def document(lines, room, name="once.json", between=None):
    """The target file after the whole pipe, from nothing."""
    path = os.path.join(room, name)
    if os.path.exists(path):
        os.unlink(path)
    commands = STAGES + push_to(path)
    if between:
        commands = [c for pair in zip(commands, [between] * len(commands)) for c in pair][:-1]
    pipe(commands, text(lines))
    return read(path)


def listing(world, rng=None):
    objects = list(world.values())
    if rng:
        rng.shuffle(objects)
    return [event("ADDED", o) for o in objects] + [FULL]


def history(maker, rng, steps=6):
    """Lines of a random life of a world, and the world at its end. Ends in a SYNC."""
    world = maker.world(rng.choice([5, 40]))
    lines = listing(world, rng)
    said = set()  # since the last full SYNC
    for _ in range(rng.randint(1, steps)):
        for _ in range(rng.randint(0, 5)):
            roll = rng.random()
            if roll < 0.25 and world:
                key = rng.choice(sorted(world))
                gone = world.pop(key)
                lines.append(event("DELETED", gone))
            elif roll < 0.35 and world:
                key = rng.choice(sorted(world))
                said.add(key)
                lines.append(event("MODIFIED", world[key]))  # said again
            else:
                o = maker.any()
                # Of versions between two SYNCs, only the last counts.
                if rng.random() < 0.2:
                    lines.append(event("ADDED", o))
                    lines.append(event("DELETED", o))
                    world.pop(identity(o), None)
                    continue
                world[identity(o)] = o
                said.add(identity(o))
                lines.append(event(rng.choice(["ADDED", "MODIFIED"]), o))
        if rng.random() < 0.3:
            # What vanished while nobody looked is not said again. A source that has spoken of it since its last
            # full SYNC must say that it is gone.
            lost = sorted(set(world) - said)
            rng.shuffle(lost)
            for key in lost[: rng.choice([0, 0, 2])]:
                world.pop(key)
            lines += listing(world, rng)
            said = set()
        else:
            lines.append(PART)
    return lines, world


def last_said(stream):
    """What a reader of gw-resolve-refs' output knows at its end: the last record of each identity."""
    seen = {}
    fresh = set()
    for line in stream.splitlines():
        r = json.loads(line)
        if r["type"] == "SYNC":
            if r.get("full"):
                seen = {k: v for k, v in seen.items() if k in fresh}
                fresh = set()
            continue
        key = identity(r["object"])
        # A Service that lost its last user is said to serve nothing; one that never had any is not said.
        if r["type"] == "DELETED" or (r["object"]["kind"] == "Service" and not r.get("held") and not r["resolved"]["ports"]):
            seen.pop(key, None)
        else:
            r.pop("type")
            seen[key] = r
            fresh.add(key)
    return seen


def differences(a, b, path=""):
    if isinstance(a, dict) and isinstance(b, dict):
        return [d for k in sorted(set(a) | set(b)) for d in differences(a.get(k), b.get(k), path + "." + k)]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [d for i in range(len(a)) for d in differences(a[i], b[i], "%s[%d]" % (path, i))]
    return [] if a == b else ["%s: %.200s | %.200s" % (path, json.dumps(a), json.dumps(b))]


# ---- the properties: each gets dice and a directory ----

def the_worlds_are_valid(rng, room):
    """Not about gwpipe: objects that are refused by mistake would make the other properties weaker."""
    pipe(STAGES[:1], text(history(Maker(rng, CERT), rng)[0]), (0,))


def order_does_not_matter(rng, room):
    world = Maker(rng, CERT).world()
    if rng.random() < 0.3:
        broken = Maker(rng, CERT).broken_route()
        world[identity(broken)] = broken
    first = document(listing(world), room)
    need(first, "nothing was written")
    for _ in range(3):
        need(document(listing(world, rng), room) == first, "another order gave another file")


def increments_end_where_one_shot_does(rng, room):
    lines, world = history(Maker(rng, CERT), rng)
    resolve = STAGES[:2]
    life = last_said(pipe(resolve, text(lines)))
    once = last_said(pipe(resolve, text(listing(world))))
    for key in sorted(set(life) | set(once)):
        need(life.get(key) == once.get(key), "gw-resolve-refs: %s: after a life and at once differ:\n%s"
             % ("/".join(key), "\n".join(differences(life.get(key), once.get(key)))))
    grown = document(lines, room, "grown.json")
    need(grown == document(listing(world), room), "the files differ")


def a_cut_changes_nothing(rng, room):
    maker = Maker(rng, CERT)
    lines, _ = history(maker, rng, 2)
    target = os.path.join(room, "target.json")
    live = document(lines, room, "target.json")
    more, _ = history(maker, rng, 3)
    data = text(more)
    for stage in range(4):
        tail = STAGES[stage:] + push_to(target)
        for _ in range(2):
            at = rng.randint(0, len(data))
            whole = data[:at]
            # up to the end of the last line that is a SYNC
            kept = b"".join(whole.splitlines(True)[: last_sync(whole)])
            results = []
            for given in (whole, kept):
                with open(target, "wb") as f:
                    f.write(live)
                pipe(tail, given, (0, 1, 3))
                results.append(read(target))
            need(results[0] == results[1], "cut before stage %d at byte %d of %d" % (stage, at, len(data)))
            need(kept or results[0] == live, "cut before any SYNC, stage %d, byte %d" % (stage, at))
        if stage < 3:
            data = pipe([STAGES[stage]], data)


def last_sync(data):
    n = 0
    for i, line in enumerate(data.splitlines(True)):
        if line.endswith(b"\n") and json.loads(line)["type"] == "SYNC":
            n = i + 1
    return n


def jq_between_the_stages_changes_nothing(rng, room):
    lines, _ = history(Maker(rng, CERT), rng, 2)
    need(document(lines, room) == document(lines, room, "jq.json", IDENTITY), "the files differ")


def twice_is_once(rng, room):
    world = Maker(rng, CERT).world()
    path = os.path.join(room, "target.json")
    document(listing(world), room, "target.json")
    before = os.stat(path)
    pipe(STAGES + push_to(path), text(listing(world, rng)))
    after = os.stat(path)
    need((before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino), "the second run wrote the file")


def a_broken_object_harms_no_other(rng, room):
    maker = Maker(rng, CERT)
    world = maker.world()
    without = document(listing(world), room)
    broken = maker.broken_route()
    world[identity(broken)] = broken
    if excludes(world, identity(broken)):
        return
    # It may have been good before, so its place among its equals and the Services that it names are kept: others may
    # have another number, in the same order, and there may be an upstream more, or a name that a certificate is shown for.
    with_it = document(listing(world, rng), room)
    spoilt = unlike(unnumbered(without), unnumbered(with_it, certificate_names(without)))
    need(not spoilt, "a route that is refused spoilt\n" + "\n".join(spoilt))
    need(orders(without) <= orders(with_it), "a route that is refused changed the order of others")


def certificate_names(data):
    return {s["id"]: s["snis"] for s in json.loads(data).get("ssls", []) if "snis" in s}


def unnumbered(data, names={}):
    """Without numbers; of a certificate's names those in `names` when it has them all, and more."""
    doc = json.loads(data)
    for route in doc.get("routes", []):
        route.pop("priority", None)
    for ssl in doc.get("ssls", []):
        if set(names.get(ssl["id"], ["?"])) <= set(ssl.get("snis", [])):
            ssl["snis"] = names[ssl["id"]]
    return json.dumps(doc)


def orders(data):
    """Which of two routes that one request may meet goes first: (place, first, second). A place is a host, a path, a
    method and a port or scheme: routes that differ in those never meet, whatever their numbers."""
    places, before = {}, set()
    for r in json.loads(data).get("routes", []):
        ports = [v for v in r.get("vars", []) if v[0] in ("scheme", "server_port")]
        for host in r.get("hosts", [""]):
            for uri in r.get("uris", [r.get("uri")]):
                place = json.dumps([host, uri, r.get("methods"), ports])
                places.setdefault(place, []).append((r.get("priority", 0), r["id"]))
    for place, found in places.items():
        before |= {(place, x, y) for p, x in found for q, y in found if p > q}
    return before


def a_rejected_object_keeps_what_is_live(rng, room):
    """Whatever its kind, in a running pipe or in one that has never seen a good version of it."""
    world = Maker(rng, CERT).world()
    live = document(listing(world), room, "target.json")
    target = os.path.join(room, "target.json")
    for _ in range(2):
        key = rng.choice([k for k in sorted(world) if not said_no(world, k)])
        refused = json.dumps({"type": "MODIFIED", "object": world[key], "findings": [
            {"id": "rule-violated", "severity": "error", "message": "refused", "by": "gw-validate"}]})
        fresh = [event("ADDED", o) for k, o in world.items() if k != key]
        rng.shuffle(fresh)
        for name, lines in (("running", listing(world) + [refused, PART]), ("starting", fresh + [refused, FULL])):
            with open(target, "wb") as f:
                f.write(live)
            pipe(STAGES + push_to(target), text(lines))
            spoilt = unlike(live, read(target))
            need(not spoilt, "%s, %s refused:\n%s" % (name, "/".join(key), "\n".join(spoilt)))


def what_was_not_read_takes_nothing_away(rng, room):
    """Whatever is missing from a list that is not full, when nothing was known before."""
    world = Maker(rng, CERT).world()
    live = document(listing(world), room, "target.json")
    target = os.path.join(room, "target.json")
    for _ in range(4):
        key = rng.choice(sorted(world))
        if said_no(world, key) or (key[1] == "Secret" and lacks_secrets(world)) \
                or (key[1] == "ReferenceGrant" and asks_for_grants(world)):
            continue
        lines = [event("ADDED", o) for k, o in world.items() if k != key]
        rng.shuffle(lines)
        unread = rng.choice([{"unread": [key[1]]}, {"unread": ["Pod", key[1]]}, {}])
        with open(target, "wb") as f:
            f.write(live)
        pipe(STAGES + push_to(target), text(lines + [json.dumps({"type": "SYNC", **unread})]))
        spoilt = unlike(unnumbered(live), unnumbered(read(target)))
        need(not spoilt, "%s was not read, which was told with %s:\n%s" % ("/".join(key), unread, "\n".join(spoilt)))
        # Once all is read, all is as if it had been from the start.
        lines += [json.dumps({"type": "SYNC", **unread})] + listing(world, rng)
        need(document(lines, room) == document(listing(world), room), "after all was read the files differ")


def asks_for_grants(world):
    """The same for those whose certificate is in another namespace."""
    return any(ref.get("namespace", k[2]) != k[2]
               for k, o in world.items() if k[1] in ("Gateway", "ListenerSet") for l in o["spec"]["listeners"]
               for ref in l.get("tls", {}).get("certificateRefs", []))


def lacks_secrets(world):
    """Listeners whose certificate is not there count as in use while Secrets are unread."""
    return any(("", "Secret", ref.get("namespace", k[2]), ref["name"]) not in world
               for k, o in world.items() if k[1] in ("Gateway", "ListenerSet") for l in o["spec"]["listeners"]
               for ref in l.get("tls", {}).get("certificateRefs", []))


def said_no(world, key):
    """Objects whose good version let something not be. Refused, they are given the benefit of the doubt, and what might
    be served then counts as in use: its ports, its hostnames."""
    obj = world[key]
    if key[1] in OTHER_KIND:
        return excludes(world, key)
    if key[1] == "Secret":
        return key[-1] == "bad"
    if key[1] == "Namespace":
        return obj["metadata"].get("labels", {}).get("team") != "x"
    if key[1] == "GatewayClass":
        return obj["spec"]["controllerName"] != "gwpipe.dev/apisix"
    if key[1] == "GatewayProxy" and "provider" in obj["spec"]:
        plane = obj["spec"]["provider"]["controlPlane"]
        return plane["mode"] == "odd" or "valueFrom" in plane["auth"]["adminKey"] or "service" in plane
    if key[1] != "ReferenceGrant" or all(to["kind"] != "Secret" for to in obj["spec"]["to"]):
        return False
    for k, o in world.items():
        for l in o["spec"]["listeners"] if k[1] in ("Gateway", "ListenerSet") else []:
            for ref in l.get("tls", {}).get("certificateRefs", []):
                if ref.get("namespace", k[2]) not in (k[2], key[2]):
                    continue
                if ref.get("namespace", k[2]) != k[2] and not (ref["name"] == "cert" and permits(obj["spec"], k, ref)):
                    return True
    return False


OTHER_KIND = {"HTTPRoute": "GRPCRoute", "GRPCRoute": "HTTPRoute"}


def excludes(world, key):
    """Whether a route meets one of the other kind, so that while it is refused both are served, and so are those that
    would lose to the other. That is a property of its own: a_refused_route_takes_nothing_from_others."""
    if "--share-hostnames" in STAGES[1]:
        return False
    spec = world[key]["spec"]
    return any(k[1] == OTHER_KIND[key[1]] and hosts_meet(spec, o["spec"]) and parents(spec, key) & parents(o["spec"], k)
               for k, o in world.items())


def parents(spec, key):
    return {(ref.get("kind", "Gateway"), ref.get("namespace", key[2]), ref.get("name")) for ref in spec.get("parentRefs", [])}


def hosts_meet(a, b):
    def covers(x, y):
        return x == y or (x.startswith("*.") and y.endswith(x[1:]))
    pairs = [(x, y) for x in a.get("hostnames", []) for y in b.get("hostnames", [])]
    return not a.get("hostnames") or not b.get("hostnames") or any(covers(x, y) or covers(y, x) for x, y in pairs)


def a_refused_route_takes_nothing_from_others(rng, room):
    """Neither when it was served before nor when it never was."""
    world = Maker(rng, CERT).world()
    routes = [k for k in sorted(world) if k[1] in OTHER_KIND]
    if not routes:
        return
    routes = [k for k in routes if excludes(world, k)] or routes
    key = rng.choice(routes)
    rest = [event("ADDED", o) for k, o in world.items() if k != key]
    refused = json.dumps({"type": "ADDED", "object": world[key], "findings": [
        {"id": "rule-violated", "severity": "error", "message": "refused", "by": "gw-validate"}]})
    told = rest + [refused]
    rng.shuffle(told)
    now = bindings(told + [FULL])
    for name, before in (("served", bindings(listing(world))), ("unknown", bindings(rest + [FULL]))):
        for k in sorted(before):
            lost = before[k] - now.get(k, before[k])
            need(k == key or not lost, "%s refused, which was %s before: %s lost %s" % ("/".join(key), name, "/".join(k), sorted(lost)))
    again = last_said(pipe(STAGES[:2], text(told + [FULL, event("MODIFIED", world[key]), PART])))
    once = last_said(pipe(STAGES[:2], text(listing(world))))
    for k in sorted(set(again) | set(once)):
        need(again.get(k) == once.get(k), "mended, %s differs:\n%s" % ("/".join(k), "\n".join(differences(again.get(k), once.get(k)))))


def bindings(lines):
    """Of each route that is not held, where it is served: (Gateway, listener, hostname)."""
    return {k: {(l["gateway"], l["name"], h) for b in r["resolved"]["bindings"] for l in b["listeners"] for h in b["hostnames"]}
            for k, r in last_said(pipe(STAGES[:2], text(lines))).items() if k[1] in OTHER_KIND and not r.get("held")}


def permits(grant, user, ref):
    """Whether the listener's owner may use that Secret."""
    return any(f["kind"] == user[1] and f["namespace"] == user[2] for f in grant["from"]) and any(
        t["kind"] == "Secret" and t.get("name", ref["name"]) == ref["name"] for t in grant["to"])


NOT_INTERNAL = ["server_port", "~=", "19080"]


def without_internal(obj):
    """A route that is not known to exist has no mirrors that others must be told from."""
    left = [v for v in obj.get("vars", []) if v != NOT_INTERNAL]
    return {k: v for k, v in obj.items() if k != "vars"} | ({"vars": left} if left else {})


def unlike(before, after):
    """What was there and is there no more, or not as it was. More may be there."""
    before, after = ({(kind, o["id"]): without_internal(o) for kind, items in json.loads(doc).items() for o in items} for doc in (before, after))
    return [d for key in sorted(before) if after.get(key) != before[key]
            for d in differences(before[key], after.get(key), "/".join(key))]


def files_may_be_cut_as_one_likes(rng, room):
    world = Maker(rng, CERT).world()
    files = []
    for name, n in (("a", 1), ("b", 4)):
        top = os.path.join(room, name)
        os.makedirs(top + "/x/y")
        objects = list(world.values())
        rng.shuffle(objects)
        for i in range(n):
            some = objects[i::n]
            at = os.path.join(top, rng.choice(["", "x", "x/y"]), "%d" % i)
            with open(at + rng.choice([".yaml", ".yml"]), "w") as f:
                if rng.random() < 0.3:
                    json.dump({"apiVersion": "v1", "kind": "List", "items": some}, f)
                else:
                    yaml.safe_dump_all(some, f)
        path = os.path.join(room, name + ".json")
        pipe([["gw-watch", "--once", "-f", top]] + STAGES + push_to(path), b"")
        files.append(read(path))
    need(files[0] and files[0] == files[1], "the files differ")
    need(files[0] == document(listing(world), room), "manifests and records differ")


def ids_are_unique_and_lead_somewhere(rng, room):
    doc = json.loads(document(listing(Maker(rng, CERT).world()), room))
    for kind, items in doc.items():
        ids = [o["id"] for o in items]
        need(len(ids) == len(set(ids)), "%s: an id twice" % kind)
        for o in items:
            need(re.match(r"^[A-Za-z0-9._-]{1,64}$", o["id"]), "id %r" % o["id"])
            if kind in ("global_rules", "plugin_metadata"):
                marks = [m["id"] for m in doc["plugin_configs"]]
                need("mark.%s.%s" % (kind, o["id"]) in marks or "__" in "".join(marks), "%s: no mark" % o["id"])
            else:
                need({"managed-by", "gwpipe-instance", "gwpipe-owner"} <= set(o.get("labels", {})), "%s: labels" % o["id"])
    upstreams = {o["id"] for o in doc.get("upstreams", [])}
    for ref in re.findall(r'"upstream_id": ?"([^"]+)"', json.dumps(doc.get("routes", []))):
        need(ref in upstreams, "upstream %s is missing" % ref)


def what_is_emitted_satisfies_apisix(rng, room):
    doc = json.loads(document(listing(Maker(rng, CERT).world()), room))
    for kind, items in doc.items():
        for o in items:
            if kind != "plugin_metadata":
                complain(VALIDATORS[kind[:-1]], o, o["id"])
            for plugin, conf in o.get("plugins", {}).items():
                need(plugin in PLUGINS, "%s: no plugin %s" % (o["id"], plugin))
                complain(PLUGINS[plugin], conf, "%s: %s" % (o["id"], plugin))


def complain(validator, value, where):
    for e in validator.iter_errors(value):
        raise Failed("%s: %s at %s" % (where, e.message[:300], "/".join(map(str, e.absolute_path))))


def load_schemas():
    import jsonschema
    with open(SCHEMA) as f:
        all_schemas = mend(json.load(f))
    make = jsonschema.Draft7Validator
    return ({k: make(v) for k, v in all_schemas["main"].items()},
            {k: make(v["schema"]) for k, v in all_schemas["plugins"].items() if "schema" in v})


def mend(schema):
    """Lua has one empty table: {} where JSON Schema wants []; and its patterns are PCRE."""
    if isinstance(schema, list):
        return [mend(x) for x in schema]
    if not isinstance(schema, dict):
        return schema
    out = {}
    for k, v in schema.items():
        if k in ("required", "enum", "anyOf", "oneOf", "allOf") and v == {}:
            continue
        if k == "pattern" and isinstance(v, str):
            try:
                re.compile(v)
            except re.error:
                continue
        out[k] = mend(v)
    return out


PROPERTIES = [the_worlds_are_valid, order_does_not_matter, increments_end_where_one_shot_does, a_cut_changes_nothing, jq_between_the_stages_changes_nothing,
              twice_is_once, a_broken_object_harms_no_other, a_rejected_object_keeps_what_is_live, a_refused_route_takes_nothing_from_others,
              what_was_not_read_takes_nothing_away,
              files_may_be_cut_as_one_likes, ids_are_unique_and_lead_somewhere, what_is_emitted_satisfies_apisix]


def main():
    global VALIDATORS, PLUGINS
    rounds = int(os.environ.get("PROPS_ROUNDS", "20"))
    start = int(os.environ.get("PROPS_SEED", "1"))
    wanted = [p for p in PROPERTIES if not sys.argv[1:] or p.__name__ in sys.argv[1:]]
    print("# PROPS_SEED=%d PROPS_ROUNDS=%d" % (start, rounds))
    failed = 0
    for n, prop in enumerate(wanted, 1):
        title = "props: " + prop.__name__.replace("_", " ")
        if prop is what_is_emitted_satisfies_apisix:
            if not os.path.exists(SCHEMA):
                print("ok %d %s # SKIP no schema of APISIX here" % (n, title))
                continue
            VALIDATORS, PLUGINS = load_schemas()
        for seed in range(start, start + rounds):
            try:
                with tempfile.TemporaryDirectory() as room:
                    rng = random.Random("%s %d" % (prop.__name__, seed))
                    choose_plane(rng)
                    prop(rng, room)
            except Failed as why:
                failed += 1
                print("not ok %d %s" % (n, title))
                print("#   PROPS_SEED=%d PROPS_ROUNDS=1 tests/props/props.py %s" % (seed, prop.__name__))
                print("\n".join("#   " + l[:2000] for l in str(why).splitlines()))
                break
        else:
            print("ok %d %s" % (n, title))
        sys.stdout.flush()
    print("1..%d" % len(wanted))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
