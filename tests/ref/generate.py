"""Random worlds, and requests that have something to do with them.

world(rng, features) makes objects, requests(rng, objects, count, features) requests, shrink(objects, fails) fewer
objects that still fail. Names, hosts and paths come from small sets, so that things collide. Objects are valid: what
gw-validate would reject is another test's business.

Features:
    https, hostnames, grants
    regex               in matches
    odd                 characters in paths
    colon               before a path segment; stars: beside such a segment
    escapes             in paths, that need not be
    headers             modified
    redirect, rewrite
    question            marks in new paths
    mirror, mirrors     one, several
    cors                echo: of any method, where credentials forbid *
    backends            with filters of their own; both: of the same headers as the rule's
    grpc                some worlds are of GRPCRoutes; mixed: and some of both kinds
    gateways            several, some with addresses of their own
    sets                ListenerSets
"""

import copy
import os
import re
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
SHOP = os.path.join(HERE, "..", "..", "docs", "examples", "bookshop", "10-gateway.yaml")
GATEWAY = "gateway.networking.k8s.io/v1"
NAMESPACES = ("infra", "shop", "two")
HOSTNAMES = ("a.com", "b.a.com", "c.b.a.com", "x.org", "y.x.org", "*.a.com", "*.b.a.com", "*.x.org", "*.com")
HOSTS = ("a.com", "b.a.com", "c.b.a.com", "d.c.b.a.com", "z.a.com", "x.org", "y.x.org", "com", "other.net")
SEGMENTS = ("a", "a", "b", "b", "ab", "c")
ODD_SEGMENTS = ("a%20b", "a+b", "p(q)", "d$x", "v1.0", "s*t", "*", "%C3%BC", "x.y", "~t", "c%5Cd", "q%3Fm", "x%7Cy",
                "100%25", "a;b", "'q", "e%22e", "%5Bz%5D", "%7Bu%7D")  # fmt: skip
REGEXES = ("/a/[0-9]+", "/b.*", "/(a|b)/c?", "/ab/x|/ab/y", "/c/.+")
SERVICES = ("shop.Cart", "shop.v1.Items", "Echo")
METHODS = ("Get", "GetItem", "PutItem")
ADDRESSES = ("10.9.0.1", "10.9.0.2", "10.9.0.3")
HEADERS = ("x-a", "X-B", "x-c")
VALUES = ("1", "2", "x y", "$host", "${x}", "$1", "\\$y", "a,b", "path/", "x'y", 'a"b', "%2F", "1;2")
VALUES_WITH_COLON = ('{"a":"$b"}', "a:b", "http://x/", "$env://PATH")
NEW_PATHS = ("/", "/n", "/n/", "/n/m", "", "/a b", "/x$1", "/q$host", "/100%25", "/%C3%BC")
ORIGINS = ("https://a.com", "https://b.a.com", "http://x.org:8080", "https://a.com:443", "null")


def certificate() -> dict:
    """The data of the example shop's Secret."""
    with open(SHOP, encoding="utf-8") as file:
        text = file.read()
    return {name: re.search(rf"{re.escape(name)}: (\S+)", text).group(1) for name in ("tls.crt", "tls.key")}


class Maker:
    def __init__(self, rng, features):
        self.rng = rng
        self.features = set(features)
        self.grpc = self.mixed = False

    def chance(self, share: float, feature: str = "") -> bool:
        return self.rng.random() < share and (not feature or feature in self.features)

    def pick(self, *of):
        return self.rng.choice(of)

    def path(self) -> str:
        odd = "odd" in self.features
        segments = [
            ":c" if self.chance(0.1, "colon") else "%61" if self.chance(0.1, "escapes") else self.pick(*ODD_SEGMENTS if odd and self.chance(0.25) else SEGMENTS)
            for _ in range(self.pick(0, 1, 1, 1, 2, 2, 3))
        ]
        if ":c" in segments and "stars" not in self.features:
            segments = [s for s in segments if "*" not in s]
        return "/" + "/".join(segments)

    # The objects ------------------------------------------------------------------------------------------------

    def listeners(self) -> list:
        ports = [(80, "HTTP"), (8080, "HTTP")] + ([(443, "HTTPS"), (8443, "HTTPS")] if "https" in self.features else [])
        ports = ports[: self.rng.randint(1, len(ports))] if self.chance(0.5) else ports
        found = {}
        for n in range(self.rng.randint(1, 6)):
            port, protocol = self.pick(*ports)
            hostname = self.pick(None, None, *HOSTNAMES) if "hostnames" in self.features else None
            source = self.pick("All", "All", "All", "All", "All", "All", "Same", "Selector")
            listener = {"name": f"l{n}", "port": port, "protocol": protocol}
            listener["allowedRoutes"] = {"namespaces": {"from": source}}
            if source == "Selector":
                listener["allowedRoutes"]["namespaces"]["selector"] = {"matchLabels": {"team": "shop"}}
            if hostname:
                listener["hostname"] = hostname
            if protocol == "HTTPS":
                listener["tls"] = {"certificateRefs": [{"name": "none" if self.chance(0.1) else "cert"}]}
            found.setdefault((port, hostname), listener)
        return list(found.values())

    def services(self, namespace: str) -> list:
        out = []
        for n, name in enumerate(("s0", "s1", "s2")):
            if self.chance(0.06):
                continue
            meta = {"name": name, "namespace": namespace}
            port = {"name": "web", "port": 80, "targetPort": 8080}
            out.append({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": [port]}})
            net = f"10.{NAMESPACES.index(namespace)}.{n}"
            endpoints = [
                {"addresses": [f"{net}.{k}"], "conditions": {"ready": not self.chance(0.15)}}
                for k in range(1, 1 + self.pick(0, 1, 1, 1, 2, 2, 3))
            ]
            meta = {"name": name + "-1", "namespace": namespace, "labels": {"kubernetes.io/service-name": name}}
            out.append({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": meta,
                        "addressType": "IPv4", "ports": [{"name": "web", "port": 8080}], "endpoints": endpoints})  # fmt: skip
        return out

    def world(self) -> list:
        self.grpc = self.chance(0.3, "grpc")
        self.mixed = self.chance(0.15, "mixed")
        out = [{"apiVersion": GATEWAY, "kind": "GatewayClass", "metadata": {"name": "apisix"},
                "spec": {"controllerName": "gwpipe.dev/apisix"}}]  # fmt: skip
        for name in NAMESPACES:
            out.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"team": name}}})
        if "https" in self.features:
            out.append({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cert", "namespace": "infra"},
                        "type": "kubernetes.io/tls", "data": certificate()})  # fmt: skip
        parents = [self.gateway(name) for name in ("gw", "gx", "gy")[: self.pick(1, 2, 3) if "gateways" in self.features else 1]]
        if "sets" in self.features:
            parents += [self.listener_set(f"ls{n}", parents) for n in range(self.pick(0, 1, 2))]
        out += parents
        for namespace in NAMESPACES[1:]:
            out += self.services(namespace)
        if self.chance(0.5, "grants"):
            allowed = {"group": "", "kind": "Service"} | ({"name": "s1"} if self.chance(0.5) else {})
            out.append({"apiVersion": GATEWAY + "beta1", "kind": "ReferenceGrant",
                        "metadata": {"name": "grant", "namespace": "two"},
                        "spec": {"from": [{"group": "gateway.networking.k8s.io", "kind": "GRPCRoute" if self.grpc else "HTTPRoute",
                                   "namespace": "shop"}],
                                 "to": [allowed]}})  # fmt: skip
        return out + [self.route(f"r{n}", parents) for n in range(self.rng.randint(1, 5 + 2 * (len(parents) > 1)))]

    def gateway(self, name: str) -> dict:
        spec = {"gatewayClassName": "apisix", "listeners": self.listeners()}
        if self.chance(0.5, "gateways"):
            spec["addresses"] = [{"value": self.pick(*ADDRESSES[:2])}]
        if "sets" in self.features:
            spec["allowedListeners"] = {"namespaces": {"from": self.pick("All", "All", "Same", "None")}}
        return {"apiVersion": GATEWAY, "kind": "Gateway", "metadata": {"name": name, "namespace": "infra"}, "spec": spec}

    def listener_set(self, name: str, gateways: list) -> dict:
        meta = {"name": name, "namespace": self.pick("infra", "shop"), "creationTimestamp": f"2026-01-0{self.pick(1, 2)}T00:00:00Z"}
        parent = {"name": self.pick(*gateways)["metadata"]["name"], "namespace": "infra"}
        return {"apiVersion": GATEWAY, "kind": "ListenerSet", "metadata": meta,
                "spec": {"parentRef": parent, "listeners": self.listeners()}}  # fmt: skip

    def parent(self, of: dict) -> dict:
        parent = {"name": of["metadata"]["name"], "namespace": of["metadata"]["namespace"]}
        if of["kind"] != "Gateway":
            parent["kind"] = of["kind"]
        if self.chance(0.2):
            parent["sectionName"] = self.pick(*of["spec"]["listeners"])["name"]
        if self.chance(0.1):
            parent["port"] = self.pick(*of["spec"]["listeners"])["port"]
        return parent

    def route(self, name: str, parents: list) -> dict:
        if self.mixed:
            self.grpc = self.chance(0.5)
        some = self.rng.sample(parents, self.rng.randint(1, min(2, len(parents))))
        spec = {"parentRefs": [self.parent(p) for p in some], "rules": [self.rule() for _ in range(self.rng.randint(1, 3))]}
        if self.chance(0.4, "hostnames"):
            spec["hostnames"] = self.rng.sample(HOSTNAMES, self.rng.randint(1, 2))
        meta = {"name": name, "namespace": self.pick("shop", "shop", "shop", "shop", "two", "infra"),
                "creationTimestamp": f"2026-01-0{self.rng.randint(1, 3)}T00:00:00Z"}  # fmt: skip
        if self.mixed and self.chance(0.2):
            del meta["creationTimestamp"]
        return {"apiVersion": GATEWAY, "kind": "GRPCRoute" if self.grpc else "HTTPRoute", "metadata": meta, "spec": spec}

    def conditions(self, names: tuple) -> list:
        out = []
        for name in self.rng.sample(names, self.rng.randint(1, 2)):
            if self.chance(0.3, "regex"):
                out.append({"name": name, "type": "RegularExpression", "value": self.pick("[0-9]", "1|2x", "(?:1|3).*")})
            else:
                out.append({"name": name, "value": self.pick("1", "2")})
        return out

    def grpc_match(self) -> dict:
        out = {}
        if self.chance(0.85):
            out["method"] = {"service": self.pick(*SERVICES), "method": self.pick(*METHODS)}
            if self.chance(0.3):
                del out["method"]["method"]
            if self.chance(0.1, "regex"):
                out["method"] = {"type": "RegularExpression", "service": "shop[.].*", "method": "(Get|Put)Item"}
        if self.chance(0.3):
            out["headers"] = self.conditions(HEADERS)
        return out

    def match(self) -> dict:
        if self.grpc:
            return self.grpc_match()
        out = {}
        if self.chance(0.1, "regex"):
            out["path"] = {"type": "RegularExpression", "value": self.pick(*REGEXES)}
        elif self.chance(0.9):
            out["path"] = {"type": self.pick("PathPrefix", "PathPrefix", "Exact"), "value": self.path()}
            if out["path"]["type"] == "PathPrefix" and self.chance(0.1) and out["path"]["value"] != "/":
                out["path"]["value"] += "/"
        if self.chance(0.2):
            out["method"] = self.pick("GET", "POST", "PUT", "OPTIONS")
        if self.chance(0.3):
            out["headers"] = self.conditions(HEADERS)
        if self.chance(0.3):
            out["queryParams"] = self.conditions(("q", "p", "Q"))
        return out

    def modifier(self, response: bool, names=("x-a", "X-B", "x-n", "x-r", "x_u")) -> dict:
        # _ in names of response headers: see docs/deviations.md.
        names = self.rng.sample([n for n in names if not response or "_" not in n], 3)
        values = VALUES + VALUES_WITH_COLON
        out = {}
        if self.chance(0.6):
            out["set"] = [{"name": names[0], "value": self.pick(*values)}]
        if self.chance(0.6):
            # A colon in a value that is added to responses: see docs/support.md.
            out["add"] = [{"name": names[1], "value": self.pick(*(VALUES if response else values))}]
        if self.chance(0.4) or not out:
            out["remove"] = [names[2]]
        return out

    def new_path(self, matches: list) -> dict:
        prefix = len(matches) == 1 and matches[0].get("path", {}).get("type", "PathPrefix") == "PathPrefix"
        new = "/w%3Fz" if self.chance(0.3, "question") else self.pick(*NEW_PATHS)
        if self.chance(0.5) or not prefix:
            return {"type": "ReplaceFullPath", "replaceFullPath": new}
        return {"type": "ReplacePrefixMatch", "replacePrefixMatch": new.replace("%3F", "")}

    def redirect(self, matches: list) -> dict:
        out = {}
        if self.chance(0.4):
            out["scheme"] = self.pick("http", "https")
        if self.chance(0.4):
            out["hostname"] = "new.org"
        if self.chance(0.4):
            out["port"] = self.pick(80, 443, 8443)
        if self.chance(0.5):
            out["path"] = self.new_path(matches)
        if self.chance(0.5):
            out["statusCode"] = self.pick(301, 302, 303, 307, 308)
        return {"type": "RequestRedirect", "requestRedirect": out}

    def rewrite(self, matches: list) -> dict:
        out = {}
        if self.chance(0.5):
            out["hostname"] = "up.org"
        if self.chance(0.7) or not out:
            out["path"] = self.new_path(matches)
        return {"type": "URLRewrite", "urlRewrite": out}

    def mirror(self) -> dict:
        out = {"backendRef": self.backend()}
        if self.chance(0.5):
            out["percent"] = self.pick(0, 10, 50, 100)
        elif self.chance(0.5):
            out["fraction"] = {"numerator": self.rng.randint(0, 4), "denominator": self.pick(4, 5, 8)}
        return {"type": "RequestMirror", "requestMirror": out}

    def cors(self) -> dict:
        out = {"allowOrigins": self.rng.sample(["https://a.com", "https://*.a.com", "http://x.org:8080"], 2)}
        if self.chance(0.3):
            out["allowOrigins"] = ["*"]
        if self.chance(0.4):
            out["allowCredentials"] = True
        if self.chance(0.6):
            out["allowMethods"] = self.pick(["GET", "PUT"], ["DELETE"])
            if self.chance(0.3) and ("echo" in self.features or "allowCredentials" not in out):
                out["allowMethods"] = ["*"]
        if self.chance(0.6):
            out["allowHeaders"] = self.pick(["*"], ["x-one", "X-Two"])
        if self.chance(0.5):
            out["exposeHeaders"] = ["x-three"]
        if self.chance(0.5):
            out["maxAge"] = 60
        return {"type": "CORS", "cors": out}

    def filters(self, matches: list) -> list:
        out = []
        if self.chance(0.3, "headers"):
            out.append({"type": "RequestHeaderModifier", "requestHeaderModifier": self.modifier(False)})
        if self.chance(0.15, "redirect") and not self.grpc:
            return out + [self.redirect(matches)]
        if self.chance(0.25, "headers"):
            out.append({"type": "ResponseHeaderModifier", "responseHeaderModifier": self.modifier(True)})
        if self.chance(0.3, "rewrite") and not self.grpc:
            out.append(self.rewrite(matches))
        if self.chance(0.2, "mirror") and not self.grpc:
            out += [self.mirror() for _ in range(self.pick(1, 1, 2, 3) if "mirrors" in self.features else 1)]
        if self.chance(0.2, "cors") and not self.grpc:
            out.append(self.cors())
        return out

    def own_filters(self, matches: list, filters: list) -> list:
        """Of a single backend. A path is rewritten once only."""
        out = []
        names = ("x-a", "X-B", "x-r") if "both" in self.features else ("x-own", "X-Mine", "x-self")
        if self.chance(0.6):
            out.append({"type": "RequestHeaderModifier", "requestHeaderModifier": self.modifier(False, names)})
        if self.chance(0.3):
            out.append({"type": "ResponseHeaderModifier", "responseHeaderModifier": self.modifier(True, names)})
        if self.chance(0.3, "rewrite") and not self.grpc and not any(f["type"] == "URLRewrite" for f in filters):
            out.append(self.rewrite(matches))
        return out

    def backend(self) -> dict:
        out = {"name": self.pick("s0", "s1", "s2"), "port": 80}
        if self.chance(0.05):
            out["port"] = 81
        if self.chance(0.15, "grants"):
            out["namespace"] = "two"
        return out

    def rule(self) -> dict:
        matches = [self.match() for _ in range(self.pick(1, 1, 1, 2, 3))]
        filters = self.filters(matches)
        out = {"matches": matches} if matches != [{}] or self.chance(0.5) else {}
        if filters:
            out["filters"] = filters
        if self.chance(0.95) and not any(f["type"] == "RequestRedirect" for f in filters):
            out["backendRefs"] = [self.backend() for _ in range(self.pick(1, 1, 1, 2, 3))]
            for ref in out["backendRefs"]:
                if self.chance(0.4):
                    ref["weight"] = self.pick(0, 1, 1, 2, 3, 7, 10)
                if self.chance(0.15, "backends"):
                    ref["filters"] = self.own_filters(matches, filters)
                    if not ref["filters"]:
                        del ref["filters"]
        return out

    # Requests ---------------------------------------------------------------------------------------------------

    def target(self, match: dict) -> str:
        """The path and query of a match, more or less."""
        if self.grpc:
            method = match.get("method", {})
            if method.get("type") or self.chance(0.15):
                method = {}
            return "/" + method.get("service", self.pick(*SERVICES)) + "/" + method.get("method", self.pick(*METHODS))
        path = match.get("path", {}).get("value", "/")
        if match.get("path", {}).get("type") == "RegularExpression":
            path = self.pick("/a/5", "/bx", "/a/c", "/a", "/b", "/ab/y", "/c/d")
        if self.chance(0.1):
            path = self.path()
        elif self.chance(0.3):
            path = path.rstrip("/") + "/" + self.pick("a", "z", "5", "a%20b", "a%2Fb", "%7Ee", "d//e", ".", "..", "%3Fx", ":c")
        elif self.chance(0.1):
            path = self.pick(path + "x", path + "/", path + "1", path.rstrip("/") or "/", "/" + path, path.upper())
        query = []
        for condition in match.get("queryParams", []):
            value = self.pick("1", "12", "2") if condition.get("type") else condition["value"]
            query.append(f"{condition['name']}={value}")
        if self.chance(0.3):
            query.insert(self.pick(0, len(query)), self.pick("q=1", "q=2", "p=1", "Q=1", "z", "p=%31", "r=a%2Fb"))
        if query and self.chance(0.15):
            query.pop()
        path = urllib.parse.quote(path, safe="/%:@!$&'()*+,;=~[]")
        return path + ("?" + "&".join(query) if query else "")

    def request(self, listeners: list, matches: list) -> dict:
        """One that comes near a match of a route, on a listener."""
        route, match = self.pick(*matches)
        self.grpc = route["kind"] == "GRPCRoute"
        hostname = self.pick(*route["spec"].get("hostnames") or [None])
        listener = self.pick(*near(route, hostname, listeners)) if self.chance(0.9) else self.pick(*listeners)
        names = [n for n in (listener.get("hostname"), hostname) if n]
        host = max(names, key=len).replace("*", "w") if names and self.chance(0.9) else self.pick(*HOSTS)
        https = listener["protocol"] == "HTTPS"
        sni = (host if self.chance(0.9) else self.pick(*HOSTS)) if https else None
        if self.chance(0.05):
            host = self.pick(host.upper(), host + ":8081")
        headers = {}
        for condition in match.get("headers", []):
            if self.chance(0.9):
                headers[condition["name"].lower()] = self.pick("1", "12", "2") if condition.get("type") else condition["value"]
        if self.chance(0.4):
            headers.setdefault(self.pick("x-a", "x-b", "x-c", "x-r", "x_u"), self.pick("1", "2", "x", ""))
        method = self.pick("GET", "GET", "GET", "POST", "PUT", "OPTIONS")
        if self.chance(0.9) and "method" in match:
            method = match["method"]
        if self.grpc:
            method = "POST"
            headers["content-type"] = "application/grpc"
        elif self.chance(0.3, "cors"):
            headers["origin"] = self.pick(*ORIGINS)
            if self.chance(0.4):
                method = "OPTIONS"
                headers["access-control-request-method"] = self.pick("GET", "PUT", "DELETE")
                if self.chance(0.5):
                    headers["access-control-request-headers"] = self.pick("x-one", "x-one, x-two", "x-other")
        return {
            "address": self.pick(*ADDRESSES) if "gateways" in self.features else ADDRESSES[0],
            "port": listener["port"],
            "scheme": "https" if https else "http",
            "sni": sni,
            "http": "2" if self.grpc else "1.1",
            "method": method,
            "host": host,
            "target": self.target(match),
            "headers": [list(h) for h in headers.items()],
            "response_headers": [["x-a", "0"], ["x-r", "9"]] if self.chance(0.5) else [],
        }


def world(rng, features) -> list:
    return Maker(rng, features).world()


def near(route: dict, hostname, listeners: list) -> list:
    """Listeners that a route may be attached to; all, if there are none."""
    parent = route["spec"]["parentRefs"][0]
    ends = (hostname or "").lstrip("*")
    found = [
        li
        for li in listeners
        if parent.get("sectionName", li["name"]) == li["name"]
        and parent.get("port", li["port"]) == li["port"]
        and (li.get("hostname", "").lstrip("*").endswith(ends) or ends.endswith(li.get("hostname", "").lstrip("*")))
    ]
    return found or listeners


def requests(rng, objects: list, count: int, features=()) -> list:
    listeners = [li for o in objects if o["kind"] in ("Gateway", "ListenerSet") for li in o["spec"]["listeners"]]
    matches = [
        (obj, match)
        for obj in objects
        if obj["kind"] in ("HTTPRoute", "GRPCRoute")
        for rule in obj["spec"]["rules"]
        for match in rule.get("matches") or [{}]
    ]
    maker = Maker(rng, features)
    return [maker.request(listeners, matches) for _ in range(count)]


# ---------------------------------------------------------------------------------------------------------------


def lists_within(value, path=()):
    """Where lists are from which something may go missing."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from lists_within(item, path + (key,))
    elif isinstance(value, list):
        yield path
        for n, item in enumerate(value):
            yield from lists_within(item, path + (n,))


def without(objects: list, path: tuple, at: int) -> list:
    """A copy in which one list lacks one item; an empty list goes altogether."""
    out = copy.deepcopy(objects)
    parent = out
    for step in path[:-1]:
        parent = parent[step]
    here = parent[path[-1]] if path else out
    del here[at]
    if path and not here:
        del parent[path[-1]]
    return out


def shrink(objects: list, fails) -> list:
    """Fewer objects, with less in them, that still fail. May try what is no longer valid: then fails() says no."""
    again = True
    while again:
        again = False
        for path in sorted(lists_within(objects), key=len):
            at = 0
            while True:
                try:
                    here = objects
                    for step in path:
                        here = here[step]
                    if at >= len(here):
                        break
                except (KeyError, IndexError, TypeError):
                    break
                fewer = without(objects, path, at)
                if fails(fewer):
                    objects, again = fewer, True
                else:
                    at += 1
    return objects
