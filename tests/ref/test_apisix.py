"""The evaluator of APISIX against what was seen on a live APISIX 3.18, and against its own sources' rules."""

import os
import sys
import unittest
from fractions import Fraction

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import apisix  # noqa: E402
from apisix import Apisix, Refused, Unsupported  # noqa: E402

A = {"id": "a", "type": "roundrobin", "nodes": [{"host": "10.1.0.1", "port": 80, "weight": 1}]}
B = {"id": "b", "type": "roundrobin", "nodes": [{"host": "10.1.0.2", "port": 80, "weight": 1}]}


def request(target="/", **more) -> dict:
    out = {"address": "10.9.0.1", "port": 80, "scheme": "http", "sni": None, "http": "1.1", "method": "GET"}
    out |= {"host": "shop.example.com", "target": target, "headers": [], "response_headers": []}
    return out | more


def shares(routes, target="/", upstreams=(A, B), **more) -> list:
    routes = [{"id": str(n), "upstream_id": "a"} | route for n, route in enumerate(routes)]
    return Apisix({"routes": routes, "upstreams": list(upstreams)}).evaluate(request(target, **more))["shares"]


def answer(routes, target="/", **more) -> dict:
    found = shares(routes, target, **more)
    assert len(found) == 1 and found[0][0] == 1, found
    return found[0][1]


def to(name: str, **more) -> dict:
    """A route that says its name in a header of the response."""
    return {"plugins": {"response-rewrite": {"headers": {"set": {"route": name}}}}} | more


def which(routes, target="/", **more) -> str:
    found = answer(routes, target, **more)
    return dict(found["response_headers"])["route"] if "endpoint" in found else found["status"]


def rewritten(conf, target, **more):
    return answer([{"uri": "/*", "plugins": {"proxy-rewrite": conf}}], target, **more)


def redirected(conf, target="/", **more):
    return answer([{"uri": "/*", "plugins": {"redirect": conf}}], target, **more)["location"]


class Nginx(unittest.TestCase):
    def test_paths_are_decoded_merged_and_resolved(self):
        for path, uri in (
            ("/k/a%2Fb//c/../d", "/k/a/b/d"),
            ("//foo", "/foo"),
            ("/%66oo", "/foo"),
            ("/foo/../x", "/x"),
            ("/a//../b", "/b"),
            ("/a/.", "/a/"),
            ("/a/..", "/"),
            ("/a/%2e%2E/b", "/b"),
            ("/a%252Fb", "/a%2Fb"),
            ("/a%3Fb", "/a?b"),
            ("/...", "/..."),
            ("/", "/"),
        ):
            self.assertEqual(apisix.normalised(path), uri, path)
        for path in ("/..", "/a/../../b", "/%", "/%0", "/%zz", "/%00"):
            self.assertRaises(apisix.BadRequest, apisix.normalised, path)

    def test_a_path_above_the_root_is_400(self):
        self.assertEqual(answer([{"uri": "/*"}], "/../x"), {"status": 400})

    def test_trace_is_405(self):
        self.assertEqual(answer([{"uri": "/*"}], method="TRACE"), {"status": 405})

    def test_the_host_is_lower_case_without_port_and_dot(self):
        for host in ("SHOP.example.com", "shop.example.com:8080", "shop.example.com.", "shop.example.com:"):
            self.assertEqual(which([to("r", uri="/*", hosts=["Shop.Example.com"])], host=host), "r", host)

    def test_headers_with_other_characters_are_dropped(self):
        found = answer([{"uri": "/*"}], headers=[["x.a", "1"], ["x_b", "2"], ["x-c", "3"]])
        self.assertEqual(found["headers"], [["x-c", "3"], ["x_b", "2"]])


class Routes(unittest.TestCase):
    def test_exact_hosts_then_wildcards_from_the_longest_then_no_host(self):
        routes = [
            to("none", uri="/*"),
            to("star", uri="/*", hosts=["*"]),
            to("short", uri="/*", hosts=["*.com"]),
            to("long", uri="/*", hosts=["*.example.com"]),
            to("exact", uri="/*", hosts=["a.example.com"]),
        ]
        for host, name in (
            ("a.example.com", "exact"),
            ("b.example.com", "long"),
            ("x.b.example.com", "long"),
            ("example.com", "short"),
            ("com", "star"),
        ):
            self.assertEqual(which(routes, host=host), name, host)
        self.assertEqual(which(routes[:1], host="com"), "none")

    def test_a_host_without_a_route_for_the_path_is_passed_over(self):
        routes = [to("exact", uri="/x", hosts=["a.b.com"]), to("wild", uri="/y", hosts=["*.b.com"]), to("no", uri="/z")]
        for target, name in (("/x", "exact"), ("/y", "wild"), ("/z", "no"), ("/w", 404)):
            self.assertEqual(which(routes, target, host="a.b.com"), name, target)

    def test_exact_paths_then_prefixes_from_the_longest(self):
        routes = [
            to("root", uri="/*", priority=9),
            to("foo", uris=["/foo", "/foo/*"], priority=5),
            to("bar", uri="/foo/bar*"),
            to("exact", uri="/foo/bar"),
        ]
        for target, name in (
            ("/foo", "foo"),
            ("/foo/", "foo"),
            ("/foox", "root"),
            ("/foo/bar", "exact"),
            ("/foo/barx", "bar"),
            ("/FOO", "root"),
            ("/foo%2Fx", "foo"),
        ):
            self.assertEqual(which(routes, target), name, target)

    def test_one_pattern_goes_by_priority_then_by_order(self):
        for first, second, name in ((0, 1, "b"), (1, 0, "a"), (0, 0, "a"), (-2, -1, "b")):
            routes = [to("a", uri="/*", priority=first), to("b", uri="/*", priority=second)]
            self.assertEqual(which(routes), name)
        big = 70368744177663
        self.assertEqual(which([to("a", uri="/*", priority=big - 1), to("b", uri="/*", priority=big)]), "b")

    def test_what_does_not_accept_the_request_is_passed_over(self):
        routes = [
            to("vars", uri="/a", vars=[["arg_x", "==", "1"]], priority=2),
            to("method", uri="/a", methods=["POST"], priority=1),
            to("prefix", uri="/a*"),
        ]
        self.assertEqual(which(routes, "/a?x=1"), "vars")
        self.assertEqual(which(routes, "/a", method="POST"), "method")
        self.assertEqual(which(routes, "/a"), "prefix")
        self.assertEqual(which(routes, "/a", method="PROPFIND"), "prefix")

    def test_segments_after_a_metacharacter_never_match(self):
        for uri in ("/a+b/*", "/p(q)/*", "/d$x/*", "/b[1]/*", r"/c\d/*", "/u(/*"):
            self.assertEqual(which([to("r", uri=uri)], uri[:-1].replace("\\", "%5C") + "x"), 404, uri)
        for uri in ("/v1.0/*", "/:id/*", "/x:y/*", "/s p/*"):
            self.assertEqual(which([to("r", uri=uri)], uri[:-1].replace(" ", "%20") + "x"), "r", uri)
        self.assertEqual(which([to("r", uri="/a+b*", vars=[["uri", "~~", r"^\/a\+b(?:/|$)"]])], "/a+b/x"), "r")

    def test_a_star_inside_ends_the_prefix(self):
        route = to("r", uri="/lit*", vars=[["uri", "==", "/lit*ral"]])
        self.assertEqual(which([route], "/lit*ral"), "r")
        self.assertEqual(which([route], "/literal"), 404)

    def test_status_0_is_no_route(self):
        self.assertEqual(which([to("r", uri="/*", status=0)]), 404)

    def test_what_is_not_modelled_is_told(self):
        for more in (
            {"service_id": "1"},
            {"remote_addrs": ["10.0.0.1"]},
            {"plugins": {"limit-count": {}}},
            {"plugins": {"redirect": {"http_to_https": True}}},
            {"plugins": {"fault-injection": {"delay": {"duration": 1}}}},
            {"plugins": {"cors": {"_meta": {"pre_function": "return"}}}},
            {"vars": [["remote_addr", "==", "1"]]},
            {"vars": [["uri", "like", "1"]]},
            {"filter_func": "function(vars) return true end"},
            {"plugins": {"proxy-rewrite": {"headers": {"set": {"a": "$env://PATH"}}}}},
            {"desc": "${{HOME}}"},
        ):
            with self.assertRaises(Unsupported, msg=str(more)):
                shares([{"uri": "/*"} | more])
        self.assertRaises(Unsupported, Apisix, {"global_rules": [{"id": "1"}]})
        self.assertRaises(Refused, Apisix, {"routes": [{"id": "1", "uri": "/"}]})


class Expressions(unittest.TestCase):
    def holds(self, rules, target="/", **more) -> bool:
        return which([to("yes", uri="/*", vars=rules)], target, **more) == "yes"

    def test_operators(self):
        for rules, expected in (
            ([], True),
            ([["uri", "==", "/a"]], True),
            ([["uri", "~=", "/a"]], False),
            ([["uri", "!", "==", "/b"]], True),
            ([["http_none", "==", "x"]], False),
            ([["http_none", "~=", "x"]], True),
            ([["http_none", "==", None]], True),
            ([["http_x_a", "~=", None]], True),
            ([["http_none", "!", "in", ["x"]]], True),
            ([["arg_n", "==", 5]], True),
            ([["arg_n", ">", 4]], True),
            ([["arg_n", "<", "5"]], False),
            ([["arg_n", ">=", 5], ["arg_n", "<=", 5]], True),
            ([["arg_s", ">", 4]], False),
            ([["server_port", "in", ["80"]]], True),
            ([["server_port", "in", [80]]], False),
            ([["uri", "~~", "A"]], False),
            ([["uri", "~*", "A"]], True),
            ([["uri", "~~", "("]], False),
            ([["server_addr", "ipmatch", ["10.9.0.0/16"]]], True),
            ([["OR", ["uri", "==", "/b"], ["uri", "==", "/a"]]], True),
            (["OR", ["uri", "==", "/b"], ["uri", "==", "/a"]], True),
            ([["!OR", ["uri", "==", "/b"], ["uri", "==", "/a"]]], False),
            ([["and", ["uri", "==", "/b"], ["uri", "==", "/a"]]], False),
            ([["!AND", ["uri", "==", "/b"], ["uri", "==", "/a"]]], True),
            ([["OR", ["AND", ["uri", "==", "/a"], ["host", "==", "x"]], ["scheme", "==", "http"]]], True),
        ):
            self.assertEqual(self.holds(rules, "/a?n=5&s=x", headers=[["x-a", "1"]]), expected, rules)
        for rules in ([["OR", ["uri", "==", "/a"]]], ["uri", "==", "/a"], [["uri", "/a"]]):
            self.assertRaises(Refused, self.holds, rules)

    def test_headers(self):
        headers = [["x-a", "1"], ["x_a", "2"], ["x-a", "3"], ["cookie", "a=1"], ["cookie", "b=2"], ["x-e", ""]]
        for rules, expected in (
            ([["http_x_a", "==", "1, 2, 3"]], True),
            ([["http_X-A", "==", "1, 2, 3"]], True),
            ([["http_cookie", "==", "a=1; b=2"]], True),
            ([["cookie_b", "==", "2"]], True),
            ([["cookie_c", "==", None]], True),
            ([["http_x_e", "==", ""]], True),
            ([["http_host", "==", "shop.example.com"]], True),
        ):
            self.assertEqual(self.holds(rules, headers=headers), expected, rules)

    def test_query(self):
        for query, rules, expected in (
            ("a=1&a=2", [["arg_a", "==", "1"]], True),
            ("A=1", [["arg_a", "==", "1"]], False),
            ("a%2Bb=%C3%BC", [["arg_a+b", "==", "ü"]], True),
            ("a+b=c+d", [["arg_a b", "==", "c d"]], True),
            ("a", [["arg_a", "==", ""]], False),
            ("a=", [["arg_a", "==", ""]], True),
            ("a", [["arg_a", "~~", "^true$"]], True),
            ("a=b=c", [["arg_a", "==", "b=c"]], True),
        ):
            self.assertEqual(self.holds(rules, "/?" + query), expected, (query, rules))

    def test_request_id_is_counted_exactly(self):
        for regex, share in (
            ("^[0-3]", Fraction(1, 4)),
            ("^(?:[0-4]|5[0-4]|55[0-4]|555[0-4])", Fraction(21845, 65536)),
            ("^ffff", Fraction(1, 65536)),
        ):
            found = shares([{"uri": "/*", "vars": [["request_id", "~~", regex]], "priority": 1, "upstream_id": "b"},
                            {"uri": "/*"}])  # fmt: skip
            self.assertEqual({a["endpoint"]: s for s, a in found}, {"10.1.0.2:80": share, "10.1.0.1:80": 1 - share})
        for regex in ("^[0-9]{5}", "a"):
            self.assertRaises(Unsupported, self.holds, [["request_id", "~~", regex]])

    def test_request_id_is_one_all_through_a_request(self):
        both = [["request_id", "~~", "^[0-7]"], ["request_id", "~~", "^[4-9]"]]
        found = shares([to("r", uri="/*", vars=both)])
        self.assertEqual([s for s, a in found if "endpoint" in a], [Fraction(1, 4)])


class Certificates(unittest.TestCase):
    def test_names(self):
        for ssls, sni, served in (
            ([{"snis": ["foo.example.com"]}], "FOO.example.com", True),
            ([{"snis": ["foo.example.com"]}], "bar.example.com", False),
            ([{"snis": ["*.wild.example.com"]}], "a.wild.example.com", True),
            ([{"snis": ["*.wild.example.com"]}], "wild.example.com", False),
            ([{"snis": ["*.wild.example.com"]}, {"sni": "*"}], "a.b.wild.example.com", False),
            ([{"snis": ["*.wild.example.com", "a.b.wild.example.com"]}], "a.b.wild.example.com", True),
            ([{"snis": ["*.wild.example.com", "p" + "a" * 240 + ".invalid"]}], "a.b.wild.example.com", True),
            ([{"sni": "*.wild.example.com"}], "a.b.wild.example.com", False),
            ([{"sni": "*"}], "a.b.c", True),
            ([{"snis": ["*"]}], "a.b.c", False),
            ([{"snis": ["*"]}], "dotless", True),
            ([{"sni": "*"}], None, False),
            ([{"sni": "*", "status": 0}], "a.b", False),
            ([], "a.b", False),
        ):
            engine = Apisix({"ssls": ssls, "routes": [{"id": "r", "uri": "/*", "upstream_id": "a"}], "upstreams": [A]})
            found = engine.evaluate(request(scheme="https", port=443, sni=sni))
            self.assertEqual(found != {"tls": "refused"}, served, (ssls, sni))

    def test_misdirected_requests(self):
        """Listeners second-example.org and *.wildcard.org, mapped as tested live."""

        def belongs(regex):
            return ["ssl_server_name", "~~", f"^(?i:{regex})$"]

        routes = [{"id": "u", "uri": "/*", "priority": -1001, "plugins": {"fault-injection": {"abort": {"http_status": 421}}},
                   "hosts": ["*.wildcard.org"]},
                  {"id": "r", "uri": "/*", "hosts": ["*.wildcard.org"], "vars": [belongs(r".+\.wildcard\.org")],
                   "upstream_id": "a"}]  # fmt: skip
        engine = Apisix({"ssls": [{"sni": "*"}], "routes": routes, "upstreams": [A]})
        for sni, host, status in (
            ("a.wildcard.org", "A.wildcard.org:443", 200),
            ("A.Wildcard.org", "b.wildcard.org", 200),
            ("second-example.org", "a.wildcard.org", 421),
            ("a.wildcard.org", "unknown.org", 404),
        ):
            found = engine.evaluate(request(scheme="https", port=443, sni=sni, host=host))["shares"][0][1]
            self.assertEqual(found.get("status", 200), status, (sni, host))


class ProxyRewrite(unittest.TestCase):
    def test_without_it_the_raw_path_arrives(self):
        for target in ("/k/a%2Fb//c/../d?x=%20", "/%7Ea", "/a?"):
            self.assertEqual(answer([{"uri": "/*"}], target)["target"], target)

    def test_it_encodes_the_path_again(self):
        for target, seen in (("/k/a%2Fb//c/../d", "/k/a/b/d"), ("/%7Ea", "/~a"), ("/a?", "/a"), ("/a?b=%7E", "/a?b=%7E")):
            self.assertEqual(rewritten({"host": "x"}, target)["target"], seen)

    def test_the_flag_keeps_the_raw_path(self):
        found = rewritten({"use_real_request_uri_unsafe": True}, "/k/a%2Fb//c/../d?")
        self.assertEqual(found["target"], "/k/a%2Fb//c/../d?")

    def test_prefixes(self):
        def replaced(prefix, new, target):
            if not new:
                pair = [f"^{prefix}/?([\\s\\S]*)$", "/$1"]
            else:
                pair = [f"^{prefix}(/[\\s\\S]*)?$" if prefix else "^(/[\\s\\S]*)$", f"{new}$1"]
            return rewritten({"regex_uri": pair}, target)["target"]

        for prefix, new, target, seen in (
            ("/foo", "/xyz", "/foo/bar", "/xyz/bar"),
            ("/foo", "/xyz", "/foo/", "/xyz/"),
            ("/foo", "/xyz", "/foo?a=1", "/xyz?a=1"),
            ("/foo", "", "/foo/bar", "/bar"),
            ("/foo", "", "/foo", "/"),
            ("", "/xyz", "/bar", "/xyz/bar"),
            ("", "/xyz", "/", "/xyz/"),
            ("/foo", "/xyz", "/fo%6f/a%2Fb//c", "/xyz/a/b/c"),
            ("/foo", "/xyz", "/foo/%20%3F%23%25%C3%BC+;=()'*@:$&,%7E", "/xyz/%20%3F%23%25%C3%BC+;=()'*@:$&,~"),
            ("/foo", "/x%20z", "/foo", "/x%2520z"),
            ("/foo", "/x$$y", "/foo", "/x$y"),
        ):
            self.assertEqual(replaced(prefix, new, target), seen, (prefix, new, target))

    def test_prefixes_of_the_raw_path(self):
        conf = {"use_real_request_uri_unsafe": True, "regex_uri": ["^/foo(/[^?]*)?(\\?[\\s\\S]*)?$", "/xyz$1$2"]}
        for target, seen in (
            ("/foo/a%2Fb//c?x=1", "/xyz/a%2Fb//c?x=1"),
            ("/foo?a=1", "/xyz?a=1"),
            ("/fo%6f/x", "/fo%6f/x"),
        ):
            self.assertEqual(rewritten(conf, target)["target"], seen)
        conf["regex_uri"][0] = "^/foo(/[\\s\\S]*)?$"
        self.assertEqual(rewritten(conf, "/foo?a=1")["target"], "/foo?a=1")

    def test_full_paths(self):
        for uri, target, seen in (
            ("/one", "/x?a=1", "/one?a=1"),
            ("/a%20b", "/x", "/a%2520b"),
            ("/a#b ü", "/x", "/a%23b%20%C3%BC"),
            ("/a?b=1", "/x?c=2", "/a?b=1&c=2"),
            ("/a${_d??$}b$host", "/x", "/a$bshop.example.com"),
        ):
            self.assertEqual(rewritten({"uri": uri}, target)["target"], seen)
        self.assertEqual(rewritten({"uri": "/q%3Fz", "use_real_request_uri_unsafe": True}, "/x")["target"], "/q%3Fz")

    def test_the_host(self):
        conf = {"host": "one.example.org", "use_real_request_uri_unsafe": True}
        self.assertEqual(rewritten(conf, "/")["host"], "one.example.org")
        fixed = A | {"pass_host": "rewrite", "upstream_host": "up.example.org"}
        self.assertEqual(rewritten(conf, "/", upstreams=[fixed])["host"], "up.example.org")
        self.assertEqual(answer([{"uri": "/*"}], host="Shop.example.com:80")["host"], "Shop.example.com:80")

    def test_headers(self):
        def seen(ops, headers=()):
            conf = {"headers": ops, "use_real_request_uri_unsafe": True}
            return rewritten(conf, "/", headers=[list(h) for h in headers])["headers"]

        self.assertEqual(seen({"set": {"X-A": "1"}}, [("x-a", "0"), ("x-a", "2")]), [["x-a", "1"]])
        self.assertEqual(seen({"add": {"X-A": "1"}}, [("x-a", "0")]), [["x-a", "0"], ["x-a", "1"]])
        self.assertEqual(seen({"remove": ["X-A"]}, [("x-a", "0"), ("x-b", "0")]), [["x-b", "0"]])
        self.assertEqual(seen({"set": {"X-A": ""}}, [("x-a", "0")]), [])
        self.assertEqual(seen({"set": {"Host": "x"}, "remove": ["host"]}), [])
        self.assertEqual(seen({"add": {"x-a": "1"}, "set": {"x-a": "2"}, "remove": ["x-b"]}, [("x-b", "")]), [["x-a", "2"]])

    def test_interpolation(self):
        for value, seen in (
            ("$host", "shop.example.com"),
            ("${host}.foo", "shop.example.com.foo"),
            ("a$host.foo", "a"),
            ("\\$host", "\\$host"),
            ("a$100b", "ab"),
            ("a${_d??$}b", "a$b"),
            ("${_d??$}100", "$100"),
            ("${_d??$}env://PATH", "$env://PATH"),
            ("${a_b ?? x}", None),
            ("$arg_x-", "1-"),
            ("  x  ", "x"),
        ):
            conf = {"headers": {"set": {"x-a": value}}, "use_real_request_uri_unsafe": True}
            if seen is None:
                self.assertRaises(Unsupported, rewritten, conf, "/")
            else:
                self.assertEqual(rewritten(conf, "/?x=1")["headers"], [["x-a", seen]], value)

    def test_captures(self):
        conf = {"regex_uri": ["^/(a)/(b)$", "/$2"], "headers": {"set": {"x-a": "${1}$2-$3"}}}
        self.assertEqual(rewritten(conf, "/a/b")["headers"], [["x-a", "ab-"]])


class Redirects(unittest.TestCase):
    def test_variables(self):
        for uri, target, seen in (
            ("http://$host:8080$real_request_uri", "/keep/a%20b/%2F?x=1&y=%20",
             "http://shop.example.com:8080/keep/a%20b/%2F?x=1&y=%20"),
            ("http://$host$request_uri", "/a%20b", "http://shop.example.com/a b"),
            ("http://h/a${nothing_}b$_x", "/", None),
            ("http://h/a$_x-${_y}b", "/", "http://h/a-b"),
            ("http://h/\\$host", "/", "http://h/\\$host"),
            ("http://h/a\\b", "/", "http://h/ab"),
            ("http://h/a$-b", "/", "http://h/a$-b"),
        ):  # fmt: skip
            if seen is None:
                self.assertRaises(Unsupported, redirected, {"uri": uri}, target)
            else:
                self.assertEqual(redirected({"uri": uri}, target, host="Shop.example.com:81"), seen)

    def test_the_query_is_appended(self):
        conf = {"uri": "http://$host/new%24x", "append_query_string": True, "ret_code": 301}
        self.assertEqual(redirected(conf, "/a?b=1"), "http://shop.example.com/new%24x?b=1")
        self.assertEqual(redirected(conf, "/a"), "http://shop.example.com/new%24x")
        self.assertEqual(redirected(conf | {"uri": "http://h/a?c=2"}, "/a?b=1"), "http://h/a?c=2&b=1")

    def test_prefixes_by_way_of_proxy_rewrite(self):
        for target, seen in (("/pfx", "/new"), ("/pfx/?a=1", "/new/?a=1"), ("/pfx/a%2Fb", "/new/a/b")):
            plugins = {
                "proxy-rewrite": {"regex_uri": ["^/pfx(/[\\s\\S]*)?$", "/new$1"]},
                "redirect": {"uri": "https://example.org:8443$upstream_uri", "ret_code": 302},
            }
            found = answer([{"uri": "/*", "plugins": plugins}], target)
            self.assertEqual(found, {"status": 302, "location": "https://example.org:8443" + seen})


class Responses(unittest.TestCase):
    def seen(self, ops, headers=(), **more):
        route = {"uri": "/*", "plugins": {"response-rewrite": {"headers": ops}}}
        return answer([route], response_headers=[list(h) for h in headers], **more)["response_headers"]

    def test_headers(self):
        self.assertEqual(self.seen({"set": {"X-A": "a:b${_d??$}"}}, [("x-a", "0")]), [["x-a", "a:b$"]])
        self.assertEqual(self.seen({"add": ["X-A: 1"]}, [("x-a", "0")]), [["x-a", "0"], ["x-a", "1"]])
        self.assertEqual(self.seen({"add": ["X-A: path/${_d??}"]}), [["x-a", "path/"]])
        self.assertEqual(self.seen({"remove": ["X-A"]}, [("x-a", "0")]), [])
        self.assertEqual(self.seen({"set": {"X-A": ""}}, [("x-a", "0")]), [])
        for line in ("X: http://x", "X: path/"):
            self.assertRaises(Refused, self.seen, {"add": [line]})

    def test_underscores(self):
        self.assertEqual(self.seen({"set": {"x_resp": "1"}}), [["x-resp", "1"]])
        found = self.seen({"remove": ["x_rr"]}, [("x-rr", "1"), ("x_rr", "2")])
        self.assertEqual(found, [["x_rr", "2"]])

    def test_vars(self):
        route = {"uri": "/*", "plugins": {"response-rewrite": {"vars": [["arg_a", "==", "1"]], "headers": {"set": {"x": "1"}}}}}
        self.assertEqual(answer([route], "/?a=1")["response_headers"], [["x", "1"]])
        self.assertEqual(answer([route], "/?a=2")["response_headers"], [])

    def test_also_on_answers_of_apisix(self):
        plugins = {"redirect": {"uri": "http://h/"}, "response-rewrite": {"headers": {"set": {"Location": "http://i/"}}}}
        self.assertEqual(answer([{"uri": "/*", "plugins": plugins}]), {"status": 302, "location": "http://i/"})


class Faults(unittest.TestCase):
    def fault(self, **abort):
        return shares([{"uri": "/*", "plugins": {"fault-injection": {"abort": abort}}}], "/?a=1")

    def test_abort(self):
        self.assertEqual(self.fault(http_status=500), [[1, {"status": 500}]])
        found = self.fault(http_status=500, percentage=25)
        self.assertEqual([(s, a.get("status")) for s, a in found], [(Fraction(3, 4), None), (Fraction(1, 4), 500)])
        self.assertEqual(self.fault(http_status=500, vars=[[["arg_a", "==", "2"]], [["arg_a", "==", "1"]]]), [[1, {"status": 500}]])
        self.assertNotIn("status", self.fault(http_status=500, vars=[[["arg_a", "==", "2"]]])[0][1])
        self.assertEqual(
            self.fault(http_status=200, headers={"grpc-status": "14", "Content-Type": "application/grpc"}),
            [[1, {"status": 200, "grpc-status": 14}]],
        )

    def test_filter_and_disable(self):
        for meta, status in (
            ({"filter": [["arg_a", "==", "1"]]}, 500),
            ({"filter": [["arg_a", "==", "2"]]}, None),
            ({"disable": True}, None),
        ):
            route = {"uri": "/*", "plugins": {"fault-injection": {"abort": {"http_status": 500}, "_meta": meta}}}
            self.assertEqual(answer([route], "/?a=1").get("status"), status)

    def test_priority(self):
        plugins = {
            "fault-injection": {"abort": {"http_status": 500}, "_meta": {"priority": 1}},
            "redirect": {"uri": "http://h/"},
        }
        self.assertEqual(answer([{"uri": "/*", "plugins": plugins}])["status"], 302)


class Upstreams(unittest.TestCase):
    def parts(self, routes, upstreams=(A, B)):
        found = shares(routes, upstreams=upstreams)
        return {a.get("endpoint", a.get("status")): s for s, a in found}

    def split(self, *weighted, upstreams=(A, B), **more):
        entries = [{"weight": w} | ({"upstream_id": u} if u else {}) for u, w in weighted]
        return self.parts([{"uri": "/*", "plugins": {"traffic-split": {"rules": [{"weighted_upstreams": entries}]}}}], upstreams)

    def test_traffic_split(self):
        a, b = "10.1.0.1:80", "10.1.0.2:80"
        self.assertEqual(self.split(("a", 9), ("b", 1)), {a: Fraction(9, 10), b: Fraction(1, 10)})
        self.assertEqual(self.split(("a", 1), ("b", 0)), {a: 1})
        self.assertEqual(self.split((None, 1), ("b", 1)), {a: Fraction(1, 2), b: Fraction(1, 2)})
        self.assertEqual(self.split(("a", 1), ("none", 1)), {500: 1})
        self.assertEqual(self.split(("a", 5), ("b", 1), ("a", 1)), {a: Fraction(1, 2), b: Fraction(1, 2)})
        empty = {"id": "b", "nodes": []}
        self.assertEqual(self.split(("a", 1), ("b", 1), upstreams=[A, empty]), {a: Fraction(1, 2), 503: Fraction(1, 2)})
        self.assertRaises(Unsupported, self.split, ("a", 0), ("b", 0))

    def test_rules_match_in_order(self):
        rules = [
            {"match": [{"vars": [["arg_a", "==", "1"]]}, {"vars": [["arg_a", "==", "2"]]}],
             "weighted_upstreams": [{"upstream_id": "b"}]},
        ]  # fmt: skip
        route = {"uri": "/*", "plugins": {"traffic-split": {"rules": rules}}}
        for target, endpoint in (("/?a=2", "10.1.0.2:80"), ("/?a=3", "10.1.0.1:80")):
            self.assertEqual(answer([route], target)["endpoint"], endpoint)

    def test_nodes(self):
        def nodes(*weights):
            return [{"id": "a", "nodes": [{"host": "n", "port": p, "weight": w} for p, w in enumerate(weights, 1)]}]

        route = [{"uri": "/*"}]
        self.assertEqual(self.parts(route, nodes(3, 1)), {"n:1": Fraction(3, 4), "n:2": Fraction(1, 4)})
        self.assertEqual(self.parts(route, nodes(1, 0)), {"n:1": 1})
        self.assertEqual(self.parts(route, nodes(0, 0)), {"n:1": Fraction(1, 2), "n:2": Fraction(1, 2)})
        self.assertEqual(self.parts(route, nodes(0)), {"n:1": 1})
        self.assertEqual(self.parts(route, nodes()), {503: 1})
        self.assertEqual(self.parts(route, []), {503: 1})
        lower = nodes(1, 1)
        lower[0]["nodes"][1]["priority"] = -1
        self.assertEqual(self.parts(route, lower), {"n:1": 1})

    def test_protocols(self):
        for scheme in ("http", "https", "grpcs"):
            self.assertEqual(answer([{"uri": "/*"}], upstreams=[A | {"scheme": scheme}])["protocol"], scheme)
        found = answer([{"uri": "/*"}], upstreams=[A | {"scheme": "grpc"}])
        self.assertEqual(found["headers"], [["content-type", "application/grpc"]])

    def test_the_invalid_share_by_way_of_the_loopback_port(self):
        hop = {"id": "500", "nodes": [{"host": "127.0.0.1", "port": 19080, "weight": 1}], "retries": 0,
               "pass_host": "rewrite", "upstream_host": "invalid.gw.internal"}  # fmt: skip
        rules = [{"weighted_upstreams": [{"upstream_id": i, "weight": w} for i, w in (("a", 60), ("b", 20), ("500", 20))]}]
        routes = [
            {"uri": "/*", "vars": [["server_port", "==", "80"]], "plugins": {"traffic-split": {"rules": rules}}},
            {"uri": "/*", "hosts": ["invalid.gw.internal"], "vars": [["server_port", "==", "19080"]],
             "plugins": {"fault-injection": {"abort": {"http_status": 500}}}},
        ]  # fmt: skip
        found = self.parts(routes, [A, B, hop])
        self.assertEqual(found, {"10.1.0.1:80": Fraction(3, 5), "10.1.0.2:80": Fraction(1, 5), 500: Fraction(1, 5)})

    def test_a_loop_is_told(self):
        loop = {"id": "a", "nodes": [{"host": "127.0.0.1", "port": 19080, "weight": 1}]}
        self.assertRaises(Unsupported, answer, [{"uri": "/*"}], upstreams=[loop])


class Mirrors(unittest.TestCase):
    def test_one(self):
        mirror = {"host": "http://10.2.0.1:8080", "sample_ratio": 0.1, "_meta": {"priority": 1007}}
        plugins = {"proxy-rewrite": {"use_real_request_uri_unsafe": True}, "proxy-mirror": mirror}
        found = answer([{"uri": "/*", "plugins": plugins}], "/a%20b")
        self.assertEqual(found["mirrors"], [[Fraction(1, 10), "10.2.0.1:8080"]])

    def test_before_proxy_rewrite_a_space_stops_it(self):
        plugins = {"proxy-rewrite": {"use_real_request_uri_unsafe": True}, "proxy-mirror": {"host": "http://10.2.0.1"}}
        self.assertNotIn("mirrors", answer([{"uri": "/*", "plugins": plugins}], "/a%20b"))
        self.assertEqual(answer([{"uri": "/*", "plugins": plugins}], "/ab")["mirrors"], [[1, "10.2.0.1:80"]])

    def test_none_when_nothing_is_proxied(self):
        plugins = {"proxy-mirror": {"host": "http://10.2.0.1"}, "redirect": {"uri": "http://h/"}}
        self.assertEqual(answer([{"uri": "/*", "plugins": plugins}]), {"status": 302, "location": "http://h/"})

    def test_a_chain_through_the_loopback_port(self):
        def mirror(token, ratio):
            return {"host": "http://127.0.0.1:19080", "path": token, "path_concat_mode": "prefix",
                    "sample_ratio": ratio, "_meta": {"priority": 1007}}  # fmt: skip

        def hop(n, upstream, *more):
            strip = {"regex_uri": [f"^/tok{n}(/[^?]*)?(\\?[\\s\\S]*)?$", "$1$2"], "use_real_request_uri_unsafe": True}
            return {"id": f"h{n}", "uris": [f"/tok{n}/*"], "vars": [["server_port", "==", "19080"]],
                    "upstream_id": upstream, "plugins": {"proxy-rewrite": strip} | dict(more)}  # fmt: skip

        routes = [
            {"uri": "/*", "vars": [["server_port", "==", "80"]], "plugins": {
                "proxy-rewrite": {"use_real_request_uri_unsafe": True}, "proxy-mirror": mirror("/tok1", 0.5)}},
            hop(1, "b", ("proxy-mirror", mirror("/tok2", 0.8))),
            hop(2, "c"),
        ]  # fmt: skip
        c = {"id": "c", "nodes": [{"host": "10.1.0.3", "port": 80, "weight": w} for w in (1,)]}
        found = answer(routes, "/m/a%20b", upstreams=[A, B, c])
        self.assertEqual(found["mirrors"], [[Fraction(2, 5), "10.1.0.3:80"], [Fraction(1, 2), "10.1.0.2:80"]])


class Cors(unittest.TestCase):
    BASE = {
        "allow_origins": "null",
        "allow_origins_by_regex": ["^https://www\\.foo\\.com(?::443)?$", "^https://.*\\.bar\\.com(?::443)?$"],
        "allow_methods": "GET,OPTIONS",
        "allow_headers": "x-header-1,x-header-2",
        "expose_headers": "x-header-3",
        "allow_credential": True,
        "max_age": 3600,
    }

    def get(self, conf, origin=None, method="GET", **more):
        headers = [["origin", origin]] if origin else []
        return answer([{"uri": "/*", "plugins": {"cors": conf}}], headers=headers, method=method, **more)

    def test_a_match(self):
        expected = [
            ["access-control-allow-credentials", "true"],
            ["access-control-allow-headers", "x-header-1,x-header-2"],
            ["access-control-allow-methods", "GET,OPTIONS"],
            ["access-control-allow-origin", "https://a.b.bar.com"],
            ["access-control-expose-headers", "x-header-3"],
            ["access-control-max-age", "3600"],
        ]
        found = self.get(self.BASE, "https://a.b.bar.com", response_headers=[["access-control-allow-origin", "x"]])
        self.assertEqual(found["response_headers"], expected + [["vary", "Origin"]])
        found = self.get(self.BASE, "https://a.b.bar.com", "OPTIONS")
        self.assertEqual(found, {"status": 200, "headers": expected})

    def test_no_match(self):
        for origin in (None, "null", "https://bar.com", "https://www.foo.com:8443"):
            self.assertEqual(self.get(self.BASE, origin)["response_headers"], [["vary", "Origin"]])
            self.assertEqual(self.get(self.BASE, origin, "OPTIONS"), {"status": 200, "headers": []})

    def test_stars(self):
        found = dict(self.get({"allow_headers": "**"}, "http://a")["response_headers"])
        self.assertEqual(found["access-control-allow-origin"], "*")
        self.assertNotIn("access-control-allow-headers", found)
        self.assertNotIn("vary", found)
        self.assertRaises(Refused, self.get, {"allow_credential": True})

    def test_a_fault_comes_first(self):
        plugins = {"cors": self.BASE, "fault-injection": {"abort": {"http_status": 500}}}
        self.assertEqual(answer([{"uri": "/*", "plugins": plugins}], method="OPTIONS"), {"status": 500})

    def test_preflights_as_routes_of_their_own(self):
        headers = {
            "Access-Control-Allow-Origin": "$http_origin",
            "Access-Control-Allow-Headers": "$http_access_control_request_headers",
        }
        route = {"uri": "/*", "methods": ["OPTIONS"], "vars": [["http_origin", "~~", "^https://a$"]],
                 "plugins": {"fault-injection": {"abort": {"http_status": 204, "headers": headers}}}}  # fmt: skip
        found = answer([route], method="OPTIONS", headers=[["origin", "https://a"]])
        self.assertEqual(found, {"status": 204, "headers": [["access-control-allow-origin", "https://a"]]})


if __name__ == "__main__":
    unittest.main()
