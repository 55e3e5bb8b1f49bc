"""Random small worlds of Gateway API objects, made to collide: few names, few hosts, few paths.

A world is a dict from identity to object. Everything comes from the random.Random handed in.
"""
import re

GW = "gateway.networking.k8s.io/v1"
NAMESPACES = ["red", "green", "blue"]
HOSTS = [None, "*.shop.example", "www.shop.example", "a.b.shop.example", "*.b.shop.example", "other.example"]
PATHS = ["/", "/a", "/a/", "/a/b", "/a.b", "/b+c", "/long/er/path"]
STAMPS = [None, "2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z"]


def identity(obj):
    group = obj["apiVersion"].split("/")[0] if "/" in obj["apiVersion"] else ""
    meta = obj["metadata"]
    return (group, obj["kind"], meta.get("namespace", ""), meta["name"])


def certificate(shop):
    """(tls.crt, tls.key) of the example shop, base64."""
    text = open(shop + "/10-gateway.yaml").read()
    return tuple(re.search(r"tls\.%s: (\S+)" % part, text).group(1) for part in ("crt", "key"))


class Maker:
    def __init__(self, rng, cert):
        self.rng, self.cert = rng, cert
        self.spare_is_ours = rng.random() < 0.3  # immutable, so one answer for the whole life of a world

    def obj(self, api, kind, ns, name, **rest):
        meta = {"name": name}
        if ns:
            meta["namespace"] = ns
        stamp = self.rng.choice(STAMPS)
        if stamp and kind in ("HTTPRoute", "GRPCRoute", "ListenerSet"):
            meta["creationTimestamp"] = stamp
        return dict({"apiVersion": api, "kind": kind, "metadata": meta}, **rest)

    def some(self, choices, most):
        return [self.rng.choice(choices) for _ in range(self.rng.randint(0, most))]

    def namespace(self, name):
        o = self.obj("v1", "Namespace", None, name)
        if self.rng.random() < 0.6:
            o["metadata"]["labels"] = {"team": self.rng.choice(["x", "z"])}
        return o

    def gateway_class(self, name):
        ours = name == "apisix" or self.spare_is_ours
        return self.obj(GW, "GatewayClass", None, name,
                        spec={"controllerName": "gwpipe.dev/apisix" if ours else "example.com/other",
                              "description": self.rng.choice("abc")})

    def listener(self, i):
        rng = self.rng
        protocol, port = rng.choice([("HTTP", 80), ("HTTP", 80), ("HTTP", 8080), ("HTTPS", 443), ("TCP", 9000)])
        out = {"name": "l%d" % i, "protocol": protocol, "port": port}
        host = rng.choice(HOSTS)
        if host and protocol != "TCP":
            out["hostname"] = host
        if protocol == "HTTPS":
            ref = {"name": rng.choice(["cert", "bad", "gone"])}
            if rng.random() < 0.3:
                ref["namespace"] = rng.choice(NAMESPACES)
            out["tls"] = {"certificateRefs": [ref]}
        scope = rng.choice(["All", "All", "Same", "Selector", None])
        if scope == "Selector":
            out["allowedRoutes"] = {"namespaces": {"from": scope, "selector": {"matchLabels": {"team": "x"}}}}
        elif scope:
            out["allowedRoutes"] = {"namespaces": {"from": scope}}
        return out

    def listeners(self, most):
        listeners, seen = [], set()
        for i in range(self.rng.randint(1, most)):
            l = self.listener(i)
            key = (l["port"], l["protocol"], l.get("hostname"))
            if key not in seen:  # the API server refuses such twins
                seen.add(key)
                listeners.append(l)
        return listeners

    def gateway(self, ns, name):
        rng = self.rng
        spec = {"gatewayClassName": rng.choice(["apisix", "apisix", "apisix", "spare"]), "listeners": self.listeners(4)}
        if rng.random() < 0.2:
            spec["addresses"] = [{"value": rng.choice(["10.9.0.1", "10.9.0.2"])}]
        if rng.random() < 0.3:
            params = {"group": "apisix.apache.org", "kind": "GatewayProxy", "name": rng.choice(["p0", "p0", "p1", "gone"])}
            spec["infrastructure"] = {"parametersRef": params}
        scope = rng.choice([None, "All", "Same", "Selector"])
        if scope:
            spec["allowedListeners"] = {"namespaces": {"from": scope}}
        if scope == "Selector":
            spec["allowedListeners"]["namespaces"]["selector"] = {"matchLabels": {"team": "x"}}
        return self.obj(GW, "Gateway", ns, name, spec=spec)

    def gateway_proxy(self, ns, name):
        rng = self.rng
        key = rng.choice([{"value": rng.choice("kl")}, {"valueFrom": {"secretKeyRef": {"name": rng.choice(["cert", "bad"]), "key": "token"}}}])
        where = rng.choice([{"endpoints": ["http://a:9180"]}, {"endpoints": ["http://b:9180", "http://a:9180"]},
                            {"service": {"name": "s0", "port": 80}}])
        plane = dict(where, mode=rng.choice(["", "apisix", "apisix", "apisix-standalone", "odd"]), auth={"type": "AdminKey", "adminKey": key})
        spec = {"plugins": [{"name": p, "enabled": rng.random() < 0.7} for p in self.some(["prometheus", "cors", "request-id"], 2)]}
        if rng.random() < 0.7:
            spec["provider"] = {"type": "ControlPlane", "controlPlane": plane}
        if rng.random() < 0.3:
            spec["pluginMetadata"] = {"http-logger": {"log_format": {"a": rng.choice("bc")}}}
        if rng.random() < 0.3:
            spec["statusAddress"] = [rng.choice(["203.0.113.1", "gw.example"])]
        return self.obj("apisix.apache.org/v1alpha1", "GatewayProxy", ns, name, spec=spec)

    def listener_set(self, ns, name):
        rng = self.rng
        ref = {"name": rng.choice(["g0", "g0", "g1"])}
        if rng.random() < 0.8:
            ref["namespace"] = "red"
        return self.obj(GW, "ListenerSet", ns, name, spec={"parentRef": ref, "listeners": self.listeners(3)})

    def match(self):
        rng, out = self.rng, {}
        if rng.random() < 0.9:
            kind = rng.choice(["PathPrefix", "PathPrefix", "Exact", "RegularExpression"])
            out["path"] = {"type": kind, "value": rng.choice(PATHS) if kind != "RegularExpression" else rng.choice(["/a.*", "/[ab]/c"])}
        if rng.random() < 0.2:
            out["method"] = rng.choice(["GET", "POST"])
        if rng.random() < 0.3:
            out["headers"] = [{"name": "x-version", "value": rng.choice(["1", "2"])}]
        if rng.random() < 0.2:
            out["queryParams"] = [{"name": "q", "value": rng.choice(["1", "$x"])}]
        return out

    def backend(self):
        rng = self.rng
        ref = {"name": rng.choice(["s0", "s1", "s2", "gone"]), "port": rng.choice([80, 80, 80, 81])}
        if rng.random() < 0.3:
            ref["namespace"] = rng.choice(NAMESPACES)
        if rng.random() < 0.5:
            ref["weight"] = rng.choice([0, 1, 2, 3, 50])
        if rng.random() < 0.1:
            ref["filters"] = [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x-b", "value": "1"}]}}]
        return ref

    def filters(self, matches):
        rng, out = self.rng, []
        if rng.random() < 0.3:
            out.append({"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x-a", "value": rng.choice(["1", "$host"])}]}})
        if rng.random() < 0.2:
            out.append({"type": "ResponseHeaderModifier", "responseHeaderModifier": {"remove": ["server"]}})
        while rng.random() < 0.15:
            ref = {k: v for k, v in self.backend().items() if k in ("name", "port", "namespace")}
            out.append({"type": "RequestMirror", "requestMirror": {"backendRef": ref, "percent": rng.choice([0, 10, 100])}})
        if rng.random() < 0.1:
            out.append({"type": "CORS", "cors": {"allowOrigins": rng.choice([["*"], ["https://*.shop.example"]])}})
        if rng.random() < 0.2 and len(matches) == 1 and matches[0].get("path", {}).get("type") == "PathPrefix":
            out.append({"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": rng.choice(["/", "/z"])}}})
        return out

    def http_route(self, ns, name):
        rng = self.rng
        parents = []
        for _ in range(rng.randint(1, 2)):
            p = {"name": rng.choice(["g0", "g0", "g1", "gone"])}
            if rng.random() < 0.2:
                p = {"kind": "ListenerSet", "name": rng.choice(["ls0", "ls1"])}
            if rng.random() < 0.7:
                p["namespace"] = "red"
            if rng.random() < 0.3:
                p["sectionName"] = rng.choice(["l0", "l1", "l9"])
            if (p["name"], p.get("namespace", ns)) not in [(q["name"], q.get("namespace", ns)) for q in parents]:
                parents.append(p)
        rules = []
        for _ in range(rng.randint(1, 3)):
            matches = [self.match() for _ in range(rng.randint(0, 2))]
            rule = {"backendRefs": [self.backend() for _ in range(rng.randint(0, 3))]}
            if matches:
                rule["matches"] = matches
            if rng.random() < 0.15:
                rule["retry"] = {"attempts": rng.choice([1, 2])}
            if rng.random() < 0.1:
                rule["sessionPersistence"] = {"type": rng.choice(["Cookie", "Header"]), "sessionName": "s'e"}
            if rng.random() < 0.15:
                rule["timeouts"] = {"request": "2s"}
            filters = self.filters(matches)
            if filters:
                rule["filters"] = filters
            elif rng.random() < 0.1:
                rule = dict(rule, backendRefs=[], filters=[{"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}])
            rules.append(rule)
        spec = {"parentRefs": parents, "rules": rules}
        hosts = sorted({h for h in self.some(HOSTS, 3) if h})
        if hosts:
            spec["hostnames"] = hosts
        return self.obj(GW, "HTTPRoute", ns, name, spec=spec)

    def service(self, ns, name):
        ports = [{"name": "http", "port": 80, "targetPort": self.rng.choice([8080, "web"])}]
        if self.rng.random() < 0.3:
            ports.append({"name": "more", "port": 81, "targetPort": 9090})
        return self.obj("v1", "Service", ns, name, spec={"selector": {"app": name}, "ports": ports})

    def slice(self, ns, name, service):
        rng = self.rng
        ends = [{"addresses": ["10.0.%d.%d" % (rng.randint(0, 1), rng.randint(1, 4))], "conditions": {"ready": rng.random() < 0.7}}
                for _ in range(rng.randint(0, 3))]
        o = self.obj("discovery.k8s.io/v1", "EndpointSlice", ns, name, addressType="IPv4",
                     ports=[{"name": "http", "port": 8080}, {"name": "more", "port": 9090}], endpoints=ends)
        o["metadata"]["labels"] = {"kubernetes.io/service-name": service}
        return o

    def secret(self, ns, name):
        crt, key = self.cert
        if name == "bad":
            key = self.rng.choice(["", "Z2FyYmFnZQ=="])
        data = {"tls.crt": crt, "tls.key": key}
        if self.rng.random() < 0.5:
            data["token"] = self.rng.choice(["a2V5", "b3RoZXI="])
        return self.obj("v1", "Secret", ns, name, type="kubernetes.io/tls", data=data)

    def grant(self, ns, name):
        rng = self.rng
        kind, to = rng.choice([("HTTPRoute", "Service"), ("GRPCRoute", "Service"), ("Gateway", "Secret"), ("ListenerSet", "Secret")])
        target = {"group": "", "kind": to}
        if rng.random() < 0.3:
            target["name"] = rng.choice(["s0", "cert"])
        return self.obj(GW, "ReferenceGrant", ns, name,
                        spec={"from": [{"group": "gateway.networking.k8s.io", "kind": kind, "namespace": rng.choice(NAMESPACES)}], "to": [target]})

    def grpc_route(self, ns, name):
        """An HTTPRoute's parents, hosts and backends, with matches and filters of gRPC."""
        rng = self.rng
        spec = self.http_route(ns, name)["spec"]
        for rule in spec["rules"]:
            rule["matches"] = [{"method": rng.choice([{"service": "a"}, {"service": "a", "method": "b"}, {"method": "b"},
                                                      {"type": "RegularExpression", "service": "a|b"}])}]
            rule["filters"] = [f for f in rule.get("filters", []) if f["type"] in ("RequestHeaderModifier", "ResponseHeaderModifier")]
            for member in ("timeouts", "retry", "sessionPersistence"):
                rule.pop(member, None)
        o = self.obj(GW, "GRPCRoute", ns, name, spec=spec)
        return o

    def any(self):
        """One object of any kind, under a name that is likely taken already."""
        rng = self.rng
        ns = rng.choice(NAMESPACES)
        kind = rng.choice("namespace class gateway gateway proxy listeners grpc route route route route service slice slice secret grant".split())
        if kind == "namespace":
            return self.namespace(ns)
        if kind == "class":
            return self.gateway_class(rng.choice(["apisix", "spare"]))
        if kind == "gateway":
            return self.gateway(rng.choice(["red", ns]), rng.choice(["g0", "g1"]))
        if kind == "proxy":
            return self.gateway_proxy(rng.choice(["red", ns]), rng.choice(["p0", "p1"]))
        if kind == "grpc":
            return self.grpc_route(ns, "r%d" % rng.randint(0, 2))
        if kind == "listeners":
            return self.listener_set(rng.choice(["red", ns]), rng.choice(["ls0", "ls1"]))
        if kind == "route":
            return self.http_route(ns, "r%d" % rng.randint(0, 4))
        if kind == "service":
            return self.service(ns, "s%d" % rng.randint(0, 2))
        if kind == "slice":
            s = "s%d" % rng.randint(0, 2)
            return self.slice(ns, "%s-%d" % (s, rng.randint(0, 1)), s)
        if kind == "secret":
            return self.secret(ns, rng.choice(["cert", "bad"]))
        return self.grant(ns, "grant%d" % rng.randint(0, 1))

    def world(self, size=40):
        """What most worlds need to do anything, then chance."""
        first = [self.gateway_class("apisix"), self.gateway("red", "g0"), self.secret("red", "cert"), self.service("red", "s0"),
                 self.slice("red", "s0-0", "s0"), self.http_route("red", "r0")]
        world = {identity(o): o for o in first}
        for _ in range(self.rng.randint(0, size)):
            o = self.any()
            world[identity(o)] = o
        return world

    def broken_route(self):
        """One that gw-validate must refuse."""
        o = self.http_route(self.rng.choice(NAMESPACES), "broken")
        spoil = self.rng.randint(0, 3)
        if spoil == 0:
            o["spec"]["rules"][0]["matches"] = [{"path": {"type": "PathPrefx", "value": "/"}}]
        elif spoil == 1:
            o["spec"]["hostname"] = "www.shop.example"
        elif spoil == 2:
            o["spec"]["rules"] = {"backendRefs": []}
        else:
            o["spec"]["parentRefs"] = [{"namespace": "red"}]
        return o
