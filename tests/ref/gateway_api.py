"""What the Gateway API (v1.6) says that a request gets, from the Kubernetes objects alone: plain, slow, by the letter.

HTTPRoutes and GRPCRoutes on HTTP and HTTPS listeners of Gateways. It knows nothing of APISIX, nor of how gwpipe does it; README.md
says what a request and an outcome look like. Where the API leaves something open, or says "implementation specific",
Unsettled is raised and the request proves nothing.

Objects are taken as an API server would hold them: valid. Defaults are filled in here.
"""

import fnmatch
import functools
import re
import urllib.parse
from fractions import Fraction

GROUP = "gateway.networking.k8s.io"


class Unsettled(Exception):
    """The API does not say, or leaves it to the implementation."""


def local(status: int, **more) -> list:
    """An answer of the gateway itself, for everyone."""
    return [(Fraction(1), {"status": status} | more)]


# ---------------------------------------------------------------------------------------------------------------
# Hostnames


def covers(pattern, host: str) -> bool:
    """No pattern covers every name; *.x any name with one or more labels before .x, but not x."""
    if pattern is None:
        return True
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) >= len(pattern)
    return host == pattern


def intersection(one, two) -> list:
    """[the hostname that both a listener's and a route's hostname allow], or []."""
    for narrow, wide in ((one, two), (two, one)):
        if wide is None or narrow == wide:
            return [narrow]
        if narrow is not None and wide.startswith("*.") and narrow.endswith(wide[1:]):
            return [narrow]
    return []


def specificity(hostname) -> tuple:
    """Most characters without a wildcard first, then most characters."""
    if hostname is None:
        return (0, 0)
    return (0 if hostname.startswith("*.") else len(hostname), len(hostname))


# ---------------------------------------------------------------------------------------------------------------
# Paths


def as_bytes(escaped: str) -> str:
    """Percent-decoded, one character for each byte."""
    return urllib.parse.unquote_to_bytes(escaped).decode("latin-1")


def normal_path(raw: str):
    """A path as it is matched: decoded, // as /, dot segments resolved (the API asks for no such thing, but nothing
    forbids it, and docs/deviations.md says so). None above the root."""
    decoded = re.sub("/+", "/", as_bytes(raw))
    out = []
    segments = decoded[1:].split("/")
    for segment in segments:
        if segment == "..":
            if not out:
                return None
            out.pop()
        elif segment != ".":
            out.append(segment)
    if segments[-1] in (".", ".."):
        out.append("")
    return "/" + "/".join(out)


def escaped(path: str) -> str:
    """Bytes as a path that may be sent."""
    return urllib.parse.quote(path.encode("latin-1"), safe="/:@!$&'()*+,;=~[]")


def replaced_path(modifier: dict, match: dict, path: str) -> str:
    """ReplaceFullPath, or ReplacePrefixMatch: trailing slashes of prefix and replacement do not count, and the
    result begins with a slash."""
    if modifier["type"] == "ReplaceFullPath":
        new = as_bytes(modifier["replaceFullPath"])
    else:
        prefix = as_bytes(match.get("path", {}).get("value", "/")).rstrip("/")
        new = as_bytes(modifier["replacePrefixMatch"]).rstrip("/") + path[len(prefix) :]
    return escaped(new if new.startswith("/") else "/" + new)


# ---------------------------------------------------------------------------------------------------------------
# Matches


def value_matches(condition: dict, value) -> bool:
    if value is None:
        return False
    if condition.get("type", "Exact") == "RegularExpression":
        return re.fullmatch(condition["value"], value) is not None
    return condition["value"] == value


def first_per_name(conditions: list, key) -> list:
    """Of entries with equivalent names only the first counts."""
    found = {}
    for condition in conditions:
        found.setdefault(key(condition["name"]), condition)
    return list(found.values())


def header_value(req: dict, name: str):
    values = [value for n, value in req["headers"] if n.lower() == name.lower()]
    if len(values) > 1:
        raise Unsettled(f"header {name} twice")
    return values[0] if values else None


def query_value(query: str, name: str):
    """The first of that name."""
    for part in query.split("&"):
        key, equals, value = part.partition("=")
        if urllib.parse.unquote_plus(key) == name:
            if not equals:
                raise Unsettled(f"query parameter {name} without =")
            return urllib.parse.unquote_plus(value)
    return None


def path_rank(match: dict, path: str):
    """(exact, length) if the path matches, None if not."""
    condition = match.get("path", {})
    value = as_bytes(condition.get("value", "/"))
    kind = condition.get("type", "PathPrefix")
    if kind == "RegularExpression":
        return (0, 0) if re.fullmatch(condition["value"], path) else None
    if kind == "Exact":
        return (1, len(value)) if path == value else None
    prefix = value.rstrip("/")
    return (0, len(prefix)) if path == prefix or path.startswith(prefix + "/") else None


def match_rank(match: dict, req: dict, path: str, query: str):
    """What counts for precedence, if all of the match holds: path, method, number of headers, of query parameters."""
    rank = path_rank(match, path)
    headers = first_per_name(match.get("headers", []), str.lower)
    params = first_per_name(match.get("queryParams", []), str)
    if rank is None or match.get("method", req["method"]) != req["method"]:
        return None
    if not all(value_matches(c, header_value(req, c["name"])) for c in headers):
        return None
    if not all(value_matches(c, query_value(query, c["name"])) for c in params):
        return None
    return rank + ("method" in match, len(headers), len(params))


def grpc_rank(match: dict, req: dict, path: str, query: str):
    """The same of a GRPCRoute's match: characters of the service, of the method, number of headers."""
    condition = match.get("method", {})
    headers = first_per_name(match.get("headers", []), str.lower)
    parts = path[1:].split("/")
    if len(parts) != 2 or not is_grpc(req):
        raise Unsettled("no gRPC call")
    for key, value in zip(("service", "method"), parts, strict=True):
        if key in condition and not value_matches(condition | {"value": condition[key]}, value):
            return None
    if not all(value_matches(c, header_value(req, c["name"])) for c in headers):
        return None
    return (len(condition.get("service", "")), len(condition.get("method", "")), len(headers))


def is_grpc(req: dict) -> bool:
    return any(name == "content-type" and value.startswith("application/grpc") for name, value in req["headers"])


def is_regex(match: dict) -> bool:
    """Where such a match stands among others is left to the implementation."""
    return "RegularExpression" in (match.get("path", {}).get("type"), (match.get("method") or {}).get("type")
                                   if isinstance(match.get("method"), dict) else None)  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------
# Filters


def modified(headers: list, modifier: dict) -> list:
    """set, add, remove: each name is in one of them only."""
    headers = [h for h in headers if h[0] not in [n.lower() for n in modifier.get("remove", [])]]
    for entry in modifier.get("set", []):
        name = entry["name"].lower()
        headers = [h for h in headers if h[0] != name] + [[name, entry["value"]]]
    return headers + [[e["name"].lower(), e["value"]] for e in modifier.get("add", [])]


def redirected(conf: dict, match: dict, req: dict, listener: dict, host: str, path: str, query: str) -> list:
    """The Location. Scheme, host and path of the request where nothing else is said; the port: as given, else that
    of a given scheme, else the listener's; a well-known one is left out. The query stays."""
    scheme = conf.get("scheme", req["scheme"])
    well_known = {"http": 80, "https": 443}[scheme]
    port = conf.get("port", well_known if "scheme" in conf else listener["port"])
    location = f"{scheme}://{conf.get('hostname', host)}" + (f":{port}" if port != well_known else "")
    if "path" in conf:
        location += replaced_path(conf["path"], match, path) + ("?" + query if query else "")
    else:
        location += req["target"]
    return local(conf.get("statusCode", 302), location=location)


def origin_allowed(patterns: list, origin: str) -> bool:
    """Scheme, host and port must be the same; default ports go without saying; * in the host stands for anything."""
    scheme = origin.partition(":")[0]
    default = {"http": ":80", "https": ":443"}.get(scheme, "")
    forms = {origin, origin.removesuffix(default), origin + default}
    return any(
        pattern == "*" or fnmatch.fnmatchcase(form, pattern.replace("[", "[[]")) for pattern in patterns for form in forms
    )


def cors_headers(conf: dict, req: dict, preflight: bool) -> list:
    """The Access-Control-* headers that matter; none for an origin that is not allowed. * is written for what may
    be echoed, too, when no credentials are allowed: agree.py knows that both are right."""
    origin = header_value(req, "origin")
    if origin is None or not origin_allowed(conf.get("allowOrigins", []), origin):
        return []
    credentials = conf.get("allowCredentials", False)
    anyone = "*" in conf.get("allowOrigins", []) and not credentials
    headers = {"access-control-allow-origin": "*" if anyone else origin}
    if credentials:
        headers["access-control-allow-credentials"] = "true"

    def listed(key: str, name: str, asked) -> None:
        values = conf.get(key, [])
        if "*" in values:
            values = ["*"] if not credentials else [asked] if asked else []
        if values:
            headers[name] = ",".join(values)

    if preflight:
        listed("allowMethods", "access-control-allow-methods", header_value(req, "access-control-request-method"))
        listed("allowHeaders", "access-control-allow-headers", header_value(req, "access-control-request-headers"))
        headers["access-control-max-age"] = str(conf.get("maxAge", 5))
    else:
        listed("exposeHeaders", "access-control-expose-headers", None)
    return sorted([name, value] for name, value in headers.items())


# ---------------------------------------------------------------------------------------------------------------
# The world


class World:
    def __init__(self, objects: list):
        self.served = {}  # by listener: the routes that it serves, and their hostnames there
        self.objects = {}
        for obj in objects:
            meta = obj["metadata"]
            self.objects[(obj["kind"], meta.get("namespace", ""), meta["name"])] = obj
        gateways = [g for g in self.all("Gateway") if ("GatewayClass", "", g["spec"]["gatewayClassName"]) in self.objects]
        self.listeners = [li for gateway in gateways for li in self.listeners_of(gateway)]
        self.listeners = [li for li in self.listeners if li["protocol"] != "HTTPS" or self.has_certificate(li)]

    def listeners_of(self, gateway: dict) -> list:
        """Its own, then those of its ListenerSets, the oldest first. Of two from different objects with one port and
        hostname, or different protocols on one port, the first is the one. `owner` is the object that declares a listener,
        `addresses` those of the Gateway, None if it has no own."""
        addresses = [a["value"] for a in gateway["spec"].get("addresses", [])] or None
        found = []
        sets = [s for s in self.all("ListenerSet") if self.takes(gateway, s)]
        age = lambda s: (s["metadata"].get("creationTimestamp", "9"), s["metadata"]["namespace"], s["metadata"]["name"])
        for owner in [gateway, *sorted(sets, key=age)]:
            for listener in owner["spec"]["listeners"]:
                earlier = [li for li in found if li["port"] == listener["port"]]
                if not any(
                    li["protocol"] != listener["protocol"] or li.get("hostname") == listener.get("hostname") for li in earlier
                ):
                    found.append(listener | {"owner": owner, "addresses": addresses})
        return found

    def takes(self, gateway: dict, listener_set: dict) -> bool:
        """parentRef, and allowedListeners."""
        home = listener_set["metadata"]["namespace"]
        ref = listener_set["spec"]["parentRef"]
        if (ref.get("namespace", home), ref["name"]) != (gateway["metadata"]["namespace"], gateway["metadata"]["name"]):
            return False
        rule = gateway["spec"].get("allowedListeners", {}).get("namespaces", {})
        return self.namespace_allowed(rule, "None", home, gateway["metadata"]["namespace"])

    def namespace_allowed(self, rule: dict, default: str, namespace: str, home: str) -> bool:
        """A `namespaces` of allowedRoutes or allowedListeners."""
        source = rule.get("from", default)
        if source in ("All", "None", "Same"):
            return source == "All" or (source == "Same" and namespace == home)
        labels = self.objects[("Namespace", "", namespace)]["metadata"].get("labels", {})
        return rule["selector"]["matchLabels"].items() <= labels.items()

    def all(self, kind: str) -> list:
        return [obj for key, obj in sorted(self.objects.items()) if key[0] == kind]

    def granted(self, from_kind: str, from_namespace: str, to_kind: str, to_namespace: str, name: str) -> bool:
        """References within a namespace need no grant."""
        if from_namespace == to_namespace:
            return True
        for grant in self.all("ReferenceGrant"):
            spec = grant["spec"]
            if (
                grant["metadata"]["namespace"] == to_namespace
                and {"group": GROUP, "kind": from_kind, "namespace": from_namespace} in spec["from"]
                and any((t["group"], t["kind"]) == ("", to_kind) and t.get("name", name) == name for t in spec["to"])
            ):
                return True
        return False

    def has_certificate(self, listener: dict) -> bool:
        """At least one that exists and may be used; else the listener is not programmed."""
        home = listener["owner"]["metadata"]["namespace"]
        return any(
            self.granted(listener["owner"]["kind"], home, "Secret", ref.get("namespace", home), ref["name"])
            and ("Secret", ref.get("namespace", home), ref["name"]) in self.objects
            for ref in listener["tls"]["certificateRefs"]
        )

    def admits(self, listener: dict, namespace: str) -> bool:
        """allowedRoutes.namespaces"""
        rule = listener.get("allowedRoutes", {}).get("namespaces", {})
        return self.namespace_allowed(rule, "Same", namespace, listener["owner"]["metadata"]["namespace"])

    def hostnames_on(self, listener: dict, route: dict) -> list:
        """The hostnames under which a listener serves a route; [] if it does not.

        HTTPRoutes and GRPCRoutes share no hostname: by age, then name, each that attaches gets the listener unless one of
        the other kind has, whose hostnames meet its own."""
        if id(listener) not in self.served:
            age = lambda r: (r["metadata"].get("creationTimestamp", "9"), r["metadata"]["namespace"], r["metadata"]["name"])
            served = []
            for one in sorted(self.all("HTTPRoute") + self.all("GRPCRoute"), key=age):
                names = self.shared_hostnames(listener, one)
                others = [name for other, theirs in served if other["kind"] != one["kind"] for name in theirs]
                if not any(intersection(name, other) for name in names for other in others):
                    served.append((one, names))
            self.served[id(listener)] = served
        return next((names for one, names in self.served[id(listener)] if one is route), [])

    def shared_hostnames(self, listener: dict, route: dict) -> list:
        """The hostnames that a listener has in common with a route; [] if that may not attach to it."""
        home = route["metadata"]["namespace"]
        wanted = {"name": listener["name"], "port": listener["port"]}
        owner = (listener["owner"]["kind"], listener["owner"]["metadata"]["namespace"], listener["owner"]["metadata"]["name"])
        if not self.admits(listener, home) or not any(
            (ref.get("kind", "Gateway"), ref.get("namespace", home), ref["name"]) == owner
            and ref.get("sectionName", wanted["name"]) == wanted["name"]
            and ref.get("port", wanted["port"]) == wanted["port"]
            for ref in route["spec"]["parentRefs"]
        ):
            return []
        names = route["spec"].get("hostnames") or [None]
        return [both for name in names for both in intersection(listener.get("hostname"), name)]

    def endpoints(self, ref: dict, route: dict):
        """The addresses of a backendRef, or the status that stands for it: 500 if the reference is broken, 503 if no
        endpoint is ready."""
        home = route["metadata"]["namespace"]
        namespace, name = ref.get("namespace", home), ref["name"]
        if (ref.get("group", ""), ref.get("kind", "Service")) != ("", "Service"):
            return 500
        service = self.objects.get(("Service", namespace, name))
        if not self.granted(route["kind"], home, "Service", namespace, name) or service is None:
            return 500
        ports = [p for p in service["spec"]["ports"] if p["port"] == ref.get("port")]
        if not ports:
            return 500
        found = set()
        for piece in self.all("EndpointSlice"):
            meta = piece["metadata"]
            if (meta["namespace"], meta["labels"].get("kubernetes.io/service-name")) != (namespace, name):
                continue
            for port in piece["ports"]:
                if port.get("name", "") == ports[0].get("name", ""):
                    for endpoint in piece["endpoints"]:
                        if endpoint.get("conditions", {}).get("ready", True):
                            found.add(f"{endpoint['addresses'][0]}:{port['port']}")
        return sorted(found) or 503

    # -----------------------------------------------------------------------------------------------------------

    def evaluate(self, request: dict) -> dict:
        """The outcome, as README.md has it."""
        if not any(li["port"] == request["port"] for li in self.at(request)):
            raise Unsettled("nothing listens there")
        if request["scheme"] == "https" and self.refuses(request):
            return {"tls": "refused"}
        return {"shares": [[share, answer] for share, answer in self.answers(request)]}

    def at(self, request: dict) -> list:
        """The listeners of the address that was connected to: a Gateway's own address is its own, all others belong to
        the Gateways that asked for none."""
        own = [li for li in self.listeners if li["addresses"] and request["address"] in li["addresses"]]
        claimed = {a for li in self.listeners for a in li["addresses"] or []}
        return own if request["address"] in claimed else [li for li in self.listeners if li["addresses"] is None]

    def most_specific(self, request: dict, name: str) -> list:
        """The listeners of the port that a hostname belongs to: one, or one of each Gateway that shares the address."""
        found = [li for li in self.at(request) if li["port"] == request["port"] and covers(li.get("hostname"), name)]
        best = max((specificity(li.get("hostname")) for li in found), default=None)
        return [li for li in found if specificity(li.get("hostname")) == best]

    def refuses(self, request: dict) -> bool:
        """TLS ends where no listener has a certificate for the SNI."""
        sni = (request["sni"] or "").lower()
        if not sni:
            raise Unsettled("no SNI")
        here = self.most_specific(request, sni)
        anywhere = [li for li in self.listeners if li["protocol"] == "HTTPS" and covers(li.get("hostname"), sni)]
        if not here and anywhere:
            raise Unsettled("a certificate of another port or address")
        return not here

    def answers(self, request: dict) -> list:
        raw, _, query = request["target"].partition("?")
        path = normal_path(raw)
        if path is None:
            return local(400)
        host = re.sub(":[0-9]*$", "", request["host"].lower())
        listeners = self.most_specific(request, host)
        if request["scheme"] == "https":
            meant = self.most_specific(request, request["sni"].lower())
            if listeners and listeners != meant:
                return local(421)
        if not listeners:
            return local(404)
        found = []
        for route in self.all("HTTPRoute") + self.all("GRPCRoute"):
            for hostname in {name for listener in listeners for name in self.hostnames_on(listener, route)}:
                if covers(hostname, host):
                    found += self.matching(route, specificity(hostname), request, path, query)
        if not found:
            return local(404)
        regexes = [f for f in found if is_regex(f["match"])]
        if any(f["rule"] is not g["rule"] and f["host"] == g["host"] for f in regexes for g in found):
            raise Unsettled("where a regular expression stands among other matches")
        if len({f["route"]["kind"] for f in found}) > 1:
            raise Unsettled("a hostname for both kinds of routes")
        first = min(found, key=lambda f: f["order"])
        return self.answers_of(first["rule"], first["match"], first["route"], listeners[0], request, host, path, query)

    def matching(self, route: dict, host_rank: tuple, request: dict, path: str, query: str) -> list:
        """The matches of a route that hold, each with its place in the order of precedence: hostname, path, method,
        headers, query parameters; then age, name, and the place in the route."""
        out = []
        meta = route["metadata"]
        for n, rule in enumerate(route["spec"].get("rules") or [{}]):
            for m, match in enumerate(rule.get("matches") or [{}]):
                rank = (grpc_rank if route["kind"] == "GRPCRoute" else match_rank)(match, request, path, query)
                if rank is not None:
                    order = tuple(-r for r in host_rank + rank)
                    order += (meta.get("creationTimestamp", "9"), f"{meta['namespace']}/{meta['name']}", n, m)
                    out.append({"order": order, "host": host_rank, "rule": rule, "match": match, "route": route})
        return out

    def answers_of(self, rule, match, route, listener, request, host, path, query) -> list:
        """The rule's filters, in their order, then its backends, each with filters of its own."""
        sent = {
            "host": request["host"],
            "target": request["target"],
            "headers": [[n.lower(), v] for n, v in request["headers"]],
            "response_headers": [[n.lower(), v] for n, v in request["response_headers"]],
            "protocol": "grpc" if route["kind"] == "GRPCRoute" else "http",
            "mirrors": {},
        }
        new_path = functools.partial(replaced_path, match=match, path=path)
        tail = "?" + query if query else ""
        for item in rule.get("filters", []):
            if item["type"] == "RequestRedirect":
                return redirected(item["requestRedirect"], match, request, listener, host, path, query)
            if item["type"] == "CORS":
                asks = header_value(request, "access-control-request-method")
                if request["method"] == "OPTIONS" and asks and header_value(request, "origin"):
                    if any(answer.get("status") == 500 for _, answer in self.shares_of(rule, route, sent, new_path, tail)):
                        raise Unsettled("a preflight for a rule with broken backends")
                    return local(200, headers=cors_headers(item["cors"], request, True))
                headers = [{"name": n, "value": v} for n, v in cors_headers(item["cors"], request, False)]
                sent["response_headers"] = modified(sent["response_headers"], {"set": headers})
            else:
                sent = self.filtered(item, route, sent, new_path, tail)
        return self.shares_of(rule, route, sent, new_path, tail)

    def filtered(self, item: dict, route: dict, sent: dict, new_path, tail: str) -> dict:
        """What one filter makes of what is sent."""
        sent = dict(sent)
        if item["type"] == "RequestHeaderModifier":
            sent["headers"] = modified(sent["headers"], item["requestHeaderModifier"])
        elif item["type"] == "ResponseHeaderModifier":
            sent["response_headers"] = modified(sent["response_headers"], item["responseHeaderModifier"])
        elif item["type"] == "RequestMirror":
            sent["mirrors"] = self.mirrored(item["requestMirror"], route, sent["mirrors"])
        elif item["type"] == "URLRewrite":
            conf = item["urlRewrite"]
            sent["host"] = conf.get("hostname", sent["host"])
            if "path" in conf:
                sent["target"] = new_path(conf["path"]) + tail
        else:
            raise Unsettled(f"filter {item['type']}")
        return sent

    def mirrored(self, conf: dict, route: dict, mirrors: dict) -> dict:
        """Each copy goes to one endpoint; a target that cannot be used gets none."""
        share = Fraction(conf.get("percent", 100), 100)
        if "fraction" in conf:
            share = Fraction(conf["fraction"]["numerator"], conf["fraction"].get("denominator", 100))
        addresses = self.endpoints(conf["backendRef"], route)
        mirrors = dict(mirrors)
        for address in [] if isinstance(addresses, int) or share == 0 else addresses:
            mirrors[address] = mirrors.get(address, 0) + share / len(addresses)
        return mirrors

    def shares_of(self, rule: dict, route: dict, sent: dict, new_path, tail: str) -> list:
        """By weight, broken references included; nothing to choose from is 500, for gRPC UNAVAILABLE."""
        refs = [ref for ref in rule.get("backendRefs", []) if ref.get("weight", 1) > 0]
        total = sum(ref.get("weight", 1) for ref in refs)
        broken = {"status": 200, "grpc-status": 14} if route["kind"] == "GRPCRoute" else {"status": 500}
        out = [] if refs else [(Fraction(1), broken)]
        for ref in refs:
            share = Fraction(ref.get("weight", 1), total)
            addresses = self.endpoints(ref, route)
            if isinstance(addresses, int):
                out.append((share, broken if addresses == 500 else {"status": addresses}))
                continue
            mine = sent
            for item in ref.get("filters", []):
                mine = self.filtered(item, route, mine, new_path, tail)
            mine = mine | {name: sorted(mine[name], key=lambda h: h[0]) for name in ("headers", "response_headers")}
            mine["mirrors"] = sorted([part, address] for address, part in mine["mirrors"].items())
            out += [(share / len(addresses), {"endpoint": address} | mine) for address in addresses]
        return out
