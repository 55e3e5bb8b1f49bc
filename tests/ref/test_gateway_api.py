"""The evaluator of the Gateway API against the tables of its documentation, and agree.py's idea of equality."""

import os
import sys
import unittest
from fractions import Fraction

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import agree  # noqa: E402
import gateway_api  # noqa: E402
import generate  # noqa: E402

REQUEST = {"address": "10.9.0.1", "port": 80, "scheme": "http", "sni": None, "http": "1.1", "method": "GET",
           "host": "a.com", "target": "/", "headers": [], "response_headers": []}  # fmt: skip


class Hostnames(unittest.TestCase):
    def test_intersections(self):
        for one, two, both in (
            (None, None, [None]),
            (None, "a.com", ["a.com"]),
            ("*.com", "a.com", ["a.com"]),
            ("*.com", "*.a.com", ["*.a.com"]),
            ("*.a.com", "a.com", []),
            ("*.a.com", "*.b.com", []),
            ("*.a.com", "x.y.a.com", ["x.y.a.com"]),
            ("a.com", "b.com", []),
        ):
            self.assertEqual(gateway_api.intersection(one, two), both)
            self.assertEqual(gateway_api.intersection(two, one), both)

    def test_the_most_specific(self):
        names = [None, "*.com", "*.a.com", "b.a.com"]
        self.assertEqual(sorted(reversed(names), key=gateway_api.specificity), names)
        self.assertFalse(gateway_api.covers("*.a.com", "a.com"))
        self.assertTrue(gateway_api.covers("*.a.com", "x.y.a.com"))


class Paths(unittest.TestCase):
    def test_prefixes_are_replaced(self):
        for path, prefix, new, result in (
            ("/foo/bar", "/foo", "/xyz", "/xyz/bar"),
            ("/foo/bar", "/foo", "/xyz/", "/xyz/bar"),
            ("/foo/bar", "/foo/", "/xyz", "/xyz/bar"),
            ("/foo/bar", "/foo/", "/xyz/", "/xyz/bar"),
            ("/foo", "/foo", "/xyz", "/xyz"),
            ("/foo/", "/foo", "/xyz", "/xyz/"),
            ("/foo/bar", "/foo", "", "/bar"),
            ("/foo/", "/foo", "", "/"),
            ("/foo", "/foo", "", "/"),
            ("/foo/", "/foo", "/", "/"),
            ("/foo", "/foo", "/", "/"),
        ):
            modifier = {"type": "ReplacePrefixMatch", "replacePrefixMatch": new}
            found = gateway_api.replaced_path(modifier, {"path": {"value": prefix}}, path)
            self.assertEqual(found, result, (path, prefix, new))

    def test_prefixes_match_by_elements(self):
        for path, holds in (("/abc", True), ("/abc/", True), ("/abc/d", True), ("/abcd", False), ("/ABC", False)):
            for value in ("/abc", "/abc/"):
                self.assertEqual(gateway_api.path_rank({"path": {"value": value}}, path) is not None, holds)


class Redirects(unittest.TestCase):
    def test_ports(self):
        for listener, conf, expected in (
            ((80, "http"), {}, "http://a.com/"),
            ((80, "http"), {"port": 8080}, "http://a.com:8080/"),
            ((80, "http"), {"scheme": "https"}, "https://a.com/"),
            ((80, "http"), {"scheme": "https", "port": 8443}, "https://a.com:8443/"),
            ((8080, "http"), {}, "http://a.com:8080/"),
            ((8080, "http"), {"port": 80}, "http://a.com/"),
            ((8080, "http"), {"scheme": "https"}, "https://a.com/"),
            ((443, "https"), {}, "https://a.com/"),
            ((443, "https"), {"scheme": "http"}, "http://a.com/"),
            ((443, "https"), {"scheme": "http", "port": 8080}, "http://a.com:8080/"),
        ):
            port, scheme = listener
            request = REQUEST | {"scheme": scheme}
            found = gateway_api.redirected(conf, {}, request, {"port": port}, "a.com", "/", "")
            self.assertEqual(found, [(1, {"status": 302, "location": expected})])


class Origins(unittest.TestCase):
    def test_origins(self):
        for pattern, origin, allowed in (
            ("https://a.com", "https://a.com", True),
            ("https://a.com", "https://a.com:443", True),
            ("https://a.com:443", "https://a.com", True),
            ("https://a.com", "http://a.com", False),
            ("https://*.a.com", "https://x.y.a.com", True),
            ("https://*.a.com", "https://a.com", False),
            ("*", "null", True),
            ("https://a.com", "https://a.com.evil", False),
        ):
            self.assertEqual(gateway_api.origin_allowed([pattern], origin), allowed, (pattern, origin))


class Exclusion(unittest.TestCase):
    """HTTPRoutes and GRPCRoutes of one listener."""

    def served(self, *routes):
        """Which of (kind, name, day or None, hostnames) are served, by name."""
        listener = {"name": "http", "port": 80, "protocol": "HTTP"}
        objects = [
            {"kind": "GatewayClass", "metadata": {"name": "c"}},
            {"kind": "Gateway", "metadata": {"namespace": "n", "name": "g"}, "spec": {"gatewayClassName": "c", "listeners": [listener]}},
        ]
        for kind, name, day, hostnames in routes:
            meta = {"namespace": "n", "name": name} | ({"creationTimestamp": f"2026-01-0{day}T00:00:00Z"} if day else {})
            spec = {"parentRefs": [{"name": "g"}]} | ({"hostnames": hostnames} if hostnames else {})
            objects.append({"kind": kind, "metadata": meta, "spec": spec})
        world = gateway_api.World(objects)
        return [o["metadata"]["name"] for o in objects[2:] if world.hostnames_on(world.listeners[0], o)]

    def test_the_older_has_the_hostname(self):
        for mine, others, meet in (
            (["a.com"], ["a.com"], True),
            (["*.com"], ["b.a.com"], True),
            (["b.a.com"], ["*.com"], True),
            ([], ["a.com"], True),
            ([], [], True),
            (["a.com", "b.com"], ["c.com", "b.com"], True),
            (["a.com"], ["b.com"], False),
            (["*.a.com"], ["a.com"], False),
        ):
            for days, first in (((1, 2), "x"), ((2, 1), "y"), ((None, 9), "y"), ((1, 1), "x"), ((None, None), "x")):
                found = self.served(("HTTPRoute", "x", days[0], mine), ("GRPCRoute", "y", days[1], others))
                self.assertEqual(found, [first] if meet else ["x", "y"], (mine, others, days))
                self.assertEqual(self.served(("HTTPRoute", "x", 1, mine), ("HTTPRoute", "y", 2, others)), ["x", "y"])

    def test_of_one_name_it_is_the_HTTPRoute(self):
        self.assertEqual(self.served(("GRPCRoute", "x", 1, []), ("HTTPRoute", "x", 1, []), ("GRPCRoute", "y", 2, [])), ["x"])

    def test_who_has_lost_is_in_nobodys_way(self):
        chain = ("HTTPRoute", "x", 1, ["a.com"]), ("GRPCRoute", "y", 2, ["a.com", "b.com"]), ("HTTPRoute", "z", 3, ["b.com"])
        self.assertEqual(self.served(*chain), ["x", "z"])


class Equality(unittest.TestCase):
    def test_what_differs_is_seen(self):
        got = {"endpoint": "10.0.0.1:80", "host": "a.com", "target": "/a%20b", "headers": [["x", "1"], ["x", "2"]],
               "response_headers": [], "protocol": "http"}  # fmt: skip

        def same(**more):
            one = {"shares": [[Fraction(1), got]]}
            return agree.agree(one, {"shares": [[Fraction(1), got | more]]}, REQUEST)

        self.assertTrue(same())
        self.assertTrue(same(target="/a%20%62"))
        self.assertTrue(same(headers=[["x", "1, 2"]]))
        self.assertTrue(same(response_headers=[["vary", "Origin"]]))
        for name, value in (
            ("endpoint", "10.0.0.2:80"),
            ("host", "b.com"),
            ("target", "/a"),
            ("target", "/a%20b?"),
            ("headers", [["x", "2"], ["x", "1"]]),
            ("response_headers", [["y", "1"]]),
            ("protocol", "https"),
            ("mirrors", [[Fraction(1), "10.0.0.3:80"]]),
        ):
            self.assertFalse(same(**{name: value}), (name, value))

    def test_shares(self):
        def split(part):
            return {"shares": [[part, {"status": 500}], [1 - part, {"status": 404}]]}

        self.assertTrue(agree.agree(split(Fraction(1, 3)), split(Fraction(21845, 65536)), REQUEST))
        self.assertFalse(agree.agree(split(Fraction(1, 3)), split(Fraction(33, 100)), REQUEST))
        self.assertFalse(agree.agree({"tls": "refused"}, split(Fraction(1)), REQUEST))

    def test_grpc(self):
        request = REQUEST | {"headers": [["content-type", "application/grpc"]]}
        one, two = ({"shares": [[Fraction(1), a]]} for a in ({"status": 404}, {"status": 200, "grpc-status": 12}))
        self.assertTrue(agree.agree(one, two, request))
        self.assertFalse(agree.agree(one, two, REQUEST))


class Shrinking(unittest.TestCase):
    def test_only_what_matters_stays(self):
        objects = [{"a": [1, 2, 3], "b": {"c": [4, 5]}}, {"a": [6]}, {"d": 7}]
        small = generate.shrink(objects, lambda o: any(5 in x.get("b", {}).get("c", []) for x in o))
        self.assertEqual(small, [{"b": {"c": [5]}}])


if __name__ == "__main__":
    unittest.main()
