"""What the double of an APISIX does, pinned: each test is something that the real one was read or seen to do, or a
fault that the double can be told to show. Run by tests/run.sh double, or python3 -m unittest test_double here."""

import contextlib
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from apisix_admin import BODY_MOST, KEY, Admin  # noqa: E402
from apisix_schema import HAVE, Schemas  # noqa: E402
from apisix_standalone import Standalone  # noqa: E402

# An excerpt, in the shape of the control API's /v1/schema.
SCHEMA = {
    "main": {
        "upstream": {
            "type": "object",
            "additionalProperties": False,
            "oneOf": [{"required": ["nodes"]}, {"required": ["service_name", "discovery_type"]}],
            "properties": {
                "id": {}, "name": {"type": "string"}, "nodes": {"type": "object"},
                "type": {"type": "string", "default": "roundrobin"}, "retries": {"type": "integer", "minimum": 0},
                "scheme": {"enum": ["http", "https"], "default": "http"}, "tls": {"type": "object"},
                "service_name": {}, "discovery_type": {},
                "labels": {"type": "object", "additionalProperties": {"type": "string", "pattern": r"^\S+$"}},
            },
        },
    },
    "plugins": {"cors": {"schema": {"type": "object", "properties": {"max_age": {"type": "integer", "default": 5}}}}},
    "stream_plugins": {"traffic-split": {"schema": {"type": "object"}}},
}  # fmt: skip
NODES = {"nodes": {"127.0.0.1:80": 1}}
CERT = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
PRIVATE = "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n"


def schema_file() -> str:
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as f:
        json.dump(SCHEMA, f)
    return f.name


class Clock:
    def __init__(self):
        self.now = 1700000000.5

    def __call__(self) -> float:
        return self.now


class OfAdmin(unittest.TestCase):
    def setUp(self):
        self.clock = Clock()
        self.api = Admin(Schemas(None), clock=self.clock, viewer_key="viewer")

    def ask(self, method, path, body=None, headers=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        headers = {"x-api-key": KEY} if headers is None else headers
        status, out, said = self.api.answer(method, "/apisix/admin" + path, headers, data)
        self.assertEqual(said["X-API-VERSION"], "v3")
        with contextlib.suppress(ValueError, TypeError):
            out = json.loads(out)
        return status, out

    def put(self, path, body, status=201):
        got, out = self.ask("PUT", path, body)
        self.assertEqual(got, status, out)
        return out

    def refused(self, method, path, body, message, status=400):
        got, out = self.ask(method, path, body)
        self.assertEqual((got, out["error_msg"]), (status, message))

    # Who may.

    def test_without_a_key_401(self):
        error = {"error_msg": "failed to check token", "description": "missing apikey"}
        self.assertEqual(self.ask("GET", "/routes", headers={}), (401, error))

    def test_with_another_key_401(self):
        error = {"error_msg": "failed to check token", "description": "wrong apikey"}
        self.assertEqual(self.ask("GET", "/routes", headers={"x-api-key": "x"}), (401, error))

    def test_the_key_as_argument_or_cookie(self):
        self.assertEqual(self.ask("GET", "/routes?api_key=" + KEY, headers={})[0], 200)
        self.assertEqual(self.ask("GET", "/routes", headers={"cookie": "x_api_key=" + KEY})[0], 200)

    def test_a_viewer_reads_only(self):
        viewer = {"x-api-key": "viewer"}
        self.assertEqual(self.ask("GET", "/routes", headers=viewer)[0], 200)
        status, out = self.ask("PUT", "/upstreams/u", NODES, viewer)
        self.assertEqual((status, out["description"]), (401, "invalid method for role viewer"))

    def test_liveness_needs_no_key(self):
        self.assertEqual(self.ask("HEAD", "", headers={})[0], 200)

    # Reading and writing.

    def test_put_creates_201_and_replaces_200_and_tells_no_revision(self):
        out = self.put("/upstreams/u", NODES)
        self.assertEqual(set(out), {"key", "value"})
        self.assertEqual(out["key"], "/apisix/upstreams/u")
        self.clock.now += 10
        value = self.put("/upstreams/u", NODES, 200)["value"]
        self.assertEqual(value, {**NODES, "id": "u", "create_time": 1700000000, "update_time": 1700000010})

    def test_the_id_in_the_body_will_do(self):
        self.put("/upstreams", {**NODES, "id": "u"})
        self.assertEqual(self.ask("GET", "/upstreams/u")[0], 200)

    def test_defaults_are_not_written(self):
        self.put("/upstreams/u", NODES)
        self.put("/routes/r", {"uri": "/", "upstream_id": "u"})
        value = self.ask("GET", "/routes/r")[1]["value"]
        self.assertEqual(set(value), {"uri", "upstream_id", "id", "create_time", "update_time"})

    def test_get_one(self):
        self.put("/upstreams/u", NODES)
        self.put("/upstreams/u", NODES, 200)
        out = self.ask("GET", "/upstreams/u")[1]
        self.assertEqual(set(out), {"key", "value", "createdIndex", "modifiedIndex"})
        self.assertEqual(out["modifiedIndex"], out["createdIndex"] + 1)

    def test_missing_is_404_to_get_and_delete(self):
        for method in ("GET", "DELETE"):
            self.assertEqual(self.ask(method, "/routes/no"), (404, {"message": "Key not found"}))

    def test_delete(self):
        self.put("/upstreams/u", NODES)
        self.assertEqual(self.ask("DELETE", "/upstreams/u"), (200, {"deleted": "1", "key": "/apisix/upstreams/u"}))
        self.assertEqual(self.ask("GET", "/upstreams"), (200, {"list": [], "total": 0}))

    def test_an_identical_put_is_a_new_revision(self):
        self.put("/upstreams/u", NODES)
        before = self.ask("GET", "/upstreams/u")[1]["modifiedIndex"]
        self.put("/upstreams/u", NODES, 200)
        self.assertGreater(self.ask("GET", "/upstreams/u")[1]["modifiedIndex"], before)

    def test_post_makes_an_id_of_20_digits(self):
        status, out = self.ask("POST", "/upstreams", NODES)
        self.assertEqual(status, 201)
        self.assertRegex(out["value"]["id"], r"^\d{20}$")

    def test_patch_merges_and_null_deletes(self):
        self.put("/upstreams/u", {**NODES, "name": "n", "retries": 1, "labels": {"a": "1"}})
        status, out = self.ask("PATCH", "/upstreams/u", {"name": None, "labels": {"b": "2"}})
        self.assertEqual((status, out["value"]["labels"], "name" in out["value"]), (200, {"a": "1", "b": "2"}, False))
        self.assertEqual(self.ask("PATCH", "/upstreams/u/labels", {"c": "3"})[1]["value"]["labels"]["c"], "3")
        self.assertEqual(self.ask("PATCH", "/upstreams/no", {})[0], 404)

    def test_numbers_have_14_digits(self):
        value = self.put("/upstreams/u", {**NODES, "retries": 123456789012345678, "retry_timeout": 2.0})["value"]
        self.assertEqual((value["retries"], value["retry_timeout"]), (1.2345678901235e17, 2))

    def test_slashes_are_escaped(self):
        status, out, _ = self.api.answer("PUT", "/apisix/admin/upstreams/u", {"x-api-key": KEY}, json.dumps(NODES).encode())
        self.assertIn(r"\/apisix\/upstreams\/u", out)

    # Lists.

    def many(self, n):
        for i in range(n):
            self.put("/upstreams/u%02d" % (n - i), {**NODES, "name": "n%d" % i, "labels": {"k%d" % (i % 2): "v"}})

    def ids(self, query):
        status, out = self.ask("GET", "/upstreams" + query)
        self.assertEqual(status, 200)
        return [e["value"]["id"] for e in out["list"]], out["total"]

    def test_pages_are_in_order_of_creation(self):
        self.many(25)
        first, total = self.ids("?page=1&page_size=10")
        self.assertEqual((first, total), (["u%02d" % i for i in range(25, 15, -1)], 25))
        self.assertEqual(self.ids("?page=3&page_size=10"), (["u05", "u04", "u03", "u02", "u01"], 25))
        self.assertEqual(self.ids("?page=4&page_size=10"), ([], 25))

    def test_no_pages_without_both(self):
        self.many(12)
        for query in ("", "?page=1", "?page_size=10", "?page=x&page_size=10"):
            self.assertEqual(len(self.ids(query)[0]), 12, query)

    def test_a_page_has_10_to_500(self):
        self.many(1)
        for size in (9, 501):
            self.assertEqual(self.ask("GET", "/upstreams?page=1&page_size=%d" % size)[0], 400)
        for size in (10, 500):
            self.assertEqual(len(self.ids("?page=1&page_size=%d" % size)[0]), 1)
        self.assertIsInstance(self.ask("GET", "/upstreams?page=1&page_size=9")[1], str)

    def test_total_counts_what_the_filters_left(self):
        self.many(20)
        ids, total = self.ids("?label=k1&page=1&page_size=10")
        self.assertEqual((len(ids), total), (10, 10))
        self.assertEqual(self.ids("?name=n7")[1], 1)

    def test_filter_by_upstream_id(self):
        self.many(2)
        for i in (1, 2):
            self.put("/routes/r%d" % i, {"uri": "/", "upstream_id": "u%02d" % i})
        out = self.ask("GET", "/routes?filter=upstream_id%3Du02")[1]
        self.assertEqual([e["value"]["id"] for e in out["list"]], ["r2"])

    # Refusals.

    def test_no_json(self):
        status, out = self.ask("PUT", "/upstreams/u", b"{,")
        self.assertEqual(status, 400)
        self.assertTrue(out["error_msg"].startswith("invalid request body: "))
        self.assertEqual(out["req_body"], "{,")

    def test_nested_too_deep_is_no_json(self):
        self.assertEqual(self.ask("PUT", "/upstreams/u", b"[" * 100000)[0], 400)

    def test_a_body_over_1_5_mib_is_refused(self):
        fits = dict(NODES, desc="")
        room = BODY_MOST - len(json.dumps(fits))
        self.put("/upstreams/u", dict(fits, desc="x" * room))
        self.assertEqual(self.ask("PUT", "/upstreams/u", dict(fits, desc="x" * (room + 1)))[0], 400)

    def test_unknown_kinds_and_methods(self):
        self.refused("GET", "/nothing", None, "Unsupported resource type: nothing", 404)
        for kind in ("plugin_configs", "consumer_groups", "global_rules", "consumers", "plugin_metadata"):
            self.assertEqual(self.ask("POST", "/" + kind, {})[0], 405, kind)
        for kind in ("stream_routes", "consumers", "protos", "plugin_metadata"):
            self.assertEqual(self.ask("PATCH", "/%s/x" % kind, {})[0], 405, kind)

    def test_times_are_forbidden(self):
        for name in ("create_time", "update_time"):
            self.refused("PUT", "/upstreams/u", {**NODES, name: 1}, "the property is forbidden:  " + name)

    def test_another_id_in_the_body(self):
        self.put("/upstreams/u", NODES)
        self.refused("PUT", "/routes/r", {"id": "s", "uri": "/", "upstream_id": "u"}, "wrong route id")

    def test_ids(self):
        self.put("/upstreams/" + "a" * 64, NODES)
        for bad in ("a" * 65, "a%20b", "a@b", "%C3%A4"):
            self.assertEqual(self.ask("PUT", "/upstreams/" + bad, NODES)[0], 400, bad)

    def test_stream_routes_need_stream_mode(self):
        self.api.stream = False
        message = "stream mode is disabled, can not add stream routes"
        self.refused("PUT", "/stream_routes/s", {"server_port": 1, "upstream_id": "u"}, message)

    def test_the_minimum_without_a_schema(self):
        self.put("/upstreams/u", NODES)
        one = "invalid configuration: value should match only one schema, but matches none"
        self.refused("PUT", "/upstreams/u", {}, one)
        self.refused("PUT", "/routes/r", {"upstream_id": "u"}, one)
        self.refused("PUT", "/routes/r", {"uri": "/", "uris": ["/"], "upstream_id": "u"}, one)
        self.assertEqual(self.ask("PUT", "/routes/r", {"uri": "/"})[0], 400)
        extra = "invalid configuration: additional properties forbidden, found extra"
        self.refused("PUT", "/upstreams/u", {**NODES, "extra": 1}, extra)
        self.assertEqual(self.ask("PUT", "/upstreams/u", [])[0], 400)
        self.assertEqual(self.ask("PUT", "/upstreams/u", {**NODES, "labels": {"a": "b c"}})[0], 400)

    def test_a_global_rule_has_its_plugins_for_itself(self):
        self.put("/global_rules/a", {"plugins": {"cors": {}}})
        self.put("/global_rules/a", {"plugins": {"cors": {}}}, 200)
        self.assertEqual(self.ask("PUT", "/global_rules/b", {"plugins": {"cors": {}}})[0], 400)

    # References.

    def test_what_a_write_refers_to_must_be_there(self):
        message = "failed to fetch upstream info by upstream id [u], response code: 404"
        self.refused("PUT", "/routes/r", {"uri": "/", "upstream_id": "u"}, message)
        for kind, body in (("stream_routes", {"server_port": 1}), ("services", {})):
            self.refused("PUT", "/%s/x" % kind, {**body, "upstream_id": "u"}, message)
        self.assertEqual(self.ask("PUT", "/routes/r", {"uri": "/", "service_id": "s"})[0], 400)
        self.assertEqual(self.ask("PUT", "/routes/r", {"uri": "/", "plugins": {}, "plugin_config_id": "p"})[0], 400)
        self.assertEqual(self.ask("PUT", "/consumers/c", {"username": "c", "group_id": "g"})[0], 400)

    def test_a_client_certificate_must_be_one(self):
        ssl_object = {"snis": ["a"], "cert": CERT, "key": PRIVATE}
        body = {**NODES, "tls": {"client_cert_id": "c"}}
        self.assertEqual(self.ask("PUT", "/upstreams/u", body)[0], 400)
        self.put("/ssls/c", ssl_object)
        self.assertEqual(self.ask("PUT", "/upstreams/u", body)[0], 400)
        self.put("/ssls/c", {"type": "client", "cert": CERT, "key": PRIVATE}, 200)
        self.put("/upstreams/u", body)

    def test_an_upstream_in_use_is_not_deleted(self):
        self.put("/upstreams/u", NODES)
        self.put("/routes/r", {"uri": "/", "upstream_id": "u"})
        self.refused("DELETE", "/upstreams/u", None, "can not delete this upstream, route [r] is still using it now")
        self.put("/routes/r", {"uri": "/", "upstream": NODES}, 200)
        self.assertEqual(self.ask("DELETE", "/upstreams/u")[0], 200)

    def test_a_split_keeps_an_upstream_and_its_write_is_not_checked(self):
        split = {"traffic-split": {"rules": [{"weighted_upstreams": [{"upstream_id": "u", "weight": 1}, {"weight": 1}]}]}}
        self.put("/routes/r", {"uri": "/", "plugins": split})
        self.assertEqual([(d["id"], d["upstream"]) for d in self.api.dangling], [("r", "u")])
        self.put("/upstreams/u", NODES)
        self.refused("DELETE", "/upstreams/u", None, "can not delete this upstream, route [r] is still using it now")

    def test_force_is_the_word_true(self):
        self.put("/upstreams/u", NODES)
        self.put("/routes/r", {"uri": "/", "upstream_id": "u"})
        self.assertEqual(self.ask("DELETE", "/upstreams/u?force=1")[0], 400)
        self.assertEqual(self.api.dangling, [])
        self.assertEqual(self.ask("DELETE", "/upstreams/u?force=true")[0], 200)
        self.assertEqual([(d["kind"], d["id"], d["upstream"]) for d in self.api.dangling], [("routes", "r", "u")])

    def test_a_stream_route_does_not_keep_its_upstream(self):
        self.put("/upstreams/u", NODES)
        self.put("/stream_routes/s", {"server_port": 1, "upstream_id": "u"})
        self.assertEqual(self.ask("DELETE", "/upstreams/u")[0], 200)
        self.assertEqual([d["kind"] for d in self.api.dangling], ["stream_routes"])

    def test_a_delete_is_checked_against_a_stale_view(self):
        self.api.stale_view = 0.005
        self.put("/upstreams/u", NODES)
        self.put("/routes/r", {"uri": "/", "upstream_id": "u"})
        self.assertEqual(self.ask("DELETE", "/routes/r")[0], 200)
        self.refused("DELETE", "/upstreams/u", None, "can not delete this upstream, route [r] is still using it now")
        self.clock.now += 0.006
        self.assertEqual(self.ask("DELETE", "/upstreams/u")[0], 200)

    # Secrets, consumers, plugins.

    def test_private_keys_are_not_read_back(self):
        answer = self.put("/ssls/c", {"snis": ["a"], "cert": CERT, "key": PRIVATE, "certs": [CERT], "keys": [PRIVATE]})
        self.assertNotIn("PRIVATE", json.dumps(answer))
        value = self.ask("GET", "/ssls/c")[1]["value"]
        self.assertEqual((value["cert"], "key" in value, "keys" in value), (CERT, False, False))
        self.put("/upstreams/u", {**NODES, "tls": {"client_cert": CERT, "client_key": PRIVATE}})
        tls = self.ask("GET", "/upstreams/u")[1]["value"]["tls"]
        self.assertEqual(tls["client_cert"], CERT)
        self.assertNotIn("PRIVATE", tls["client_key"])

    def test_certificates_are_parsed(self):
        self.assertEqual(self.ask("PUT", "/ssls/c", {"sni": "a", "cert": "x", "key": PRIVATE})[0], 400)
        self.assertEqual(self.ask("PUT", "/ssls/c", {"sni": "a", "cert": CERT, "key": "x"})[0], 400)

    def test_consumers_and_their_credentials(self):
        self.put("/consumers/jack", {"username": "jack"})
        self.put("/consumers/jack/credentials/c1", {"plugins": {"key-auth": {"key": "k"}}})
        self.assertEqual(self.ask("PUT", "/consumers/jack/credentials/c2", {"plugins": {}})[0], 400)
        self.assertEqual(self.ask("PUT", "/consumers/joe/credentials/c", {"plugins": {"key-auth": {}}})[0], 404)
        out = self.ask("GET", "/consumers/jack/credentials")[1]
        self.assertEqual([e["key"] for e in out["list"]], ["/apisix/consumers/jack/credentials/c1"])
        self.assertEqual(self.ask("DELETE", "/consumers/jack")[0], 200)
        self.assertEqual(self.ask("GET", "/consumers/jack/credentials/c1")[0], 404)

    def test_validate_tells_all_faults(self):
        body = {"upstreams": [NODES | {"id": "u"}, {"id": "v"}, NODES | {"id": "u"}], "routes": [{"id": "r"}]}
        status, out = self.ask("POST", "/configs/validate", body)
        self.assertEqual((status, out["error_msg"]), (400, "Configuration validation failed"))
        found = [(e["resource_type"], e["resource_id"], e["index"]) for e in out["errors"]]
        self.assertEqual(found, [("routes", "r", 0), ("upstreams", "v", 1), ("upstreams", "u", 2)])
        self.assertEqual(self.ask("GET", "/upstreams")[1]["total"], 0)

    def test_validate_does_not_look_at_references(self):
        body = {"routes": [{"id": "r", "uri": "/", "upstream_id": "no"}]}
        self.assertEqual(self.ask("POST", "/configs/validate", body), (200, {}))

    def test_an_edit_is_another_hands(self):
        self.put("/upstreams/u", NODES)
        self.api.edit("upstreams", "u", {"anything": True})
        self.assertTrue(self.ask("GET", "/upstreams/u")[1]["value"]["anything"])
        self.api.edit("upstreams", "u", None)
        self.assertEqual(self.ask("GET", "/upstreams/u")[0], 404)


@unittest.skipUnless(HAVE, "python3-jsonschema is not there")
class OfSchemas(OfAdmin):
    """The same API with schemas: what it does not know a schema for is checked as without."""

    def setUp(self):
        super().setUp()
        path = schema_file()
        self.addCleanup(os.unlink, path)
        schema = Schemas(path)
        schema.all["main"]["upstream"]["properties"].update({"desc": {}, "retry_timeout": {}})
        schema.all["plugins"].update({n: {"schema": {"type": "object"}} for n in ("traffic-split", "key-auth")})
        self.api = Admin(schema, clock=self.clock, viewer_key="viewer")

    def test_the_schema_is_enforced(self):
        prefix = "invalid configuration: "
        self.refused("PUT", "/upstreams/u", {**NODES, "x": 1}, prefix + "additional properties forbidden, found x")
        message = prefix + 'property "retries" validation failed: wrong type: expected integer, got string'
        self.refused("PUT", "/upstreams/u", {**NODES, "retries": "1"}, message)
        message = prefix + 'property "scheme" validation failed: matches none of the enum values'
        self.refused("PUT", "/upstreams/u", {**NODES, "scheme": "ftp"}, message)

    def test_plugins_are_checked(self):
        self.put("/routes/r", {"uri": "/", "plugins": {"cors": {"max_age": 1, "_meta": {"disable": False}}}})
        self.refused("PUT", "/routes/r", {"uri": "/", "plugins": {"nope": {}}}, "unknown plugin [nope]")
        status, out = self.ask("PUT", "/routes/r", {"uri": "/", "plugins": {"cors": {"max_age": "1"}}})
        self.assertEqual(status, 400)
        self.assertTrue(out["error_msg"].startswith("failed to check the configuration of plugin cors err: "), out)

    def test_schemas_can_be_read(self):
        self.assertEqual(self.ask("GET", "/schema/upstream")[1]["additionalProperties"], False)
        self.assertIn("max_age", self.ask("GET", "/schema/plugins/cors")[1]["properties"])
        self.assertIn("cors", self.ask("GET", "/plugins/list")[1])

    def test_a_data_plane_fills_in_defaults(self):
        self.assertEqual(self.api.schemas.with_defaults("upstreams", NODES), {**NODES, "type": "roundrobin", "scheme": "http"})


class OfStandalone(unittest.TestCase):
    def setUp(self):
        self.clock = Clock()
        self.api = Standalone(Schemas(None), clock=self.clock)

    def ask(self, method, path, body=None, **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        given = {"x-api-key": KEY, **{k.replace("_", "-"): v for k, v in headers.items()}}
        status, out, said = self.api.answer(method, "/apisix/admin" + path, given, data)
        with contextlib.suppress(ValueError, TypeError):
            out = json.loads(out)
        return status, out, said

    def put(self, body, digest, status=202):
        self.clock.now += 3
        got, out, said = self.ask("PUT", "/configs", body, x_digest=digest)
        self.assertEqual(got, status, out)
        return out

    def held(self):
        return self.ask("GET", "/configs")[1]

    def upstream(self, name="u", **more):
        return {"id": name, **NODES, **more}

    def test_empty(self):
        status, out, said = self.ask("GET", "/configs")
        self.assertEqual((status, said, set(out.values())), (200, {}, {0}))
        self.assertEqual(self.ask("HEAD", "/configs")[0], 200)

    def test_the_key_is_needed(self):
        self.assertEqual(self.ask("GET", "/configs", x_api_key="x")[0], 401)

    def test_nothing_else_is_served(self):
        for path in ("/routes", "/routes/r", "/schema/route", "/plugins/list"):
            self.assertEqual(self.ask("GET", path)[0], 404)

    def test_a_put_needs_a_digest(self):
        self.assertEqual(self.ask("PUT", "/configs", {})[:2], (400, {"error_msg": "missing digest header"}))

    def test_accepted_202_and_the_same_digest_204(self):
        status, _, said = self.ask("PUT", "/configs", {"upstreams": [self.upstream()]}, x_digest="a")
        self.assertEqual((status, said), (202, {"X-Digest": "a", "X-Last-Modified": "1700000000"}))
        self.put({"upstreams": []}, "a", 204)
        self.put(b"no json", "a", 204)
        self.assertEqual([u["id"] for u in self.held()["upstreams"]], ["u"])
        _, out, said = self.ask("GET", "/configs")
        self.assertEqual((out["X-Digest"], said["X-Digest"]), ("a", "a"))

    def test_versions(self):
        self.put({"upstreams": [self.upstream()], "upstreams_conf_version": 5}, "a")
        message = {"error_msg": "upstreams_conf_version must be greater than or equal to (5)"}
        self.assertEqual(self.put({"upstreams": [], "upstreams_conf_version": 4}, "b", 400), message)
        self.assertEqual(self.held()["X-Digest"], "a")
        self.put({"upstreams_conf_version": 5}, "c")
        self.assertEqual(len(self.held()["upstreams"]), 1)
        self.assertEqual(self.api.wrong, [])
        self.put({"upstreams": [self.upstream("v")], "upstreams_conf_version": 6}, "d")
        self.assertEqual([u["id"] for u in self.held()["upstreams"]], ["v"])

    def test_the_held_version_keeps_the_held_items_but_checks_those_sent(self):
        self.put({"upstreams": [self.upstream()], "upstreams_conf_version": 5}, "a")
        self.put({"upstreams": [{"id": "bad"}], "upstreams_conf_version": 5}, "b", 400)
        self.put({"upstreams": [self.upstream("v")], "upstreams_conf_version": 5}, "c")
        self.assertEqual([u["id"] for u in self.held()["upstreams"]], ["u"])
        self.assertEqual(len(self.api.wrong), 2)

    def test_what_is_left_out_is_wiped(self):
        self.put({"upstreams": [self.upstream()], "upstreams_conf_version": 5}, "a")
        self.put({"routes": []}, "b")
        self.assertNotIn("upstreams", self.held())
        self.assertEqual(self.held()["upstreams_conf_version"], 6)

    def test_unknown_kinds_are_ignored(self):
        self.put({"whatever": 1}, "a")

    def test_one_bad_object_refuses_all(self):
        out = self.put({"upstreams": [self.upstream(), {"id": "v"}]}, "a", 400)
        self.assertEqual(set(out), {"error_msg"})
        self.put({"upstreams": [self.upstream(), self.upstream()]}, "a", 400)
        self.assertNotIn("upstreams", self.held())

    def test_references_are_not_checked_but_seen(self):
        self.put({"routes": [{"id": "r", "uri": "/", "upstream_id": "no"}]}, "a")
        self.assertEqual([(d["id"], d["upstream"]) for d in self.api.dangling], [("r", "no")])

    def test_a_client_certificate_by_id_fails(self):
        self.put({"upstreams": [self.upstream(tls={"client_cert_id": "c"})]}, "a", 400)

    def test_private_keys_are_read_back(self):
        self.put({"ssls": [{"id": "c", "sni": "a", "cert": CERT, "key": PRIVATE}]}, "a")
        self.assertEqual(self.held()["ssls"][0]["key"], PRIVATE)

    def test_a_document_that_does_not_fit_erases_the_one_that_did(self):
        self.api.memory = 3000
        self.put({"upstreams": [self.upstream()], "upstreams_conf_version": 5}, "a")
        many = [self.upstream("u%d" % i) for i in range(100)]
        out = self.put({"upstreams": many, "upstreams_conf_version": 6}, "b", 500)
        self.assertEqual(out, "failed to save config to shared dict: no memory")
        self.assertEqual(self.held()["upstreams_conf_version"], 0)
        self.assertEqual(self.ask("HEAD", "/configs")[2], {})
        self.assertEqual(list(self.api.workers["upstreams"][1]), ["u"])
        self.put({"upstreams": []}, "c")
        self.assertEqual(self.held()["upstreams_conf_version"], 1)

    def test_an_unchanged_modified_index_keeps_the_old_object(self):
        self.put({"upstreams": [self.upstream(modifiedIndex=1, retries=1)]}, "a")
        self.put({"upstreams": [self.upstream(modifiedIndex=1, retries=2)]}, "b")
        self.assertEqual(self.api.workers["upstreams"][1]["u"][1]["retries"], 1)
        self.assertEqual(self.held()["upstreams"][0]["retries"], 2)
        self.assertEqual(len(self.api.wrong), 1)
        self.put({"upstreams": [self.upstream(modifiedIndex=2, retries=2)]}, "c")
        self.assertEqual(self.api.workers["upstreams"][1]["u"][1]["retries"], 2)

    def test_modified_index_is_not_for_all(self):
        self.put({"upstreams": [self.upstream(modifiedIndex="1")]}, "a", 400)

    def test_the_stream_subsystem_misses_the_second_document_of_a_second(self):
        body = {"stream_routes": [{"id": "s", "server_port": 1, "upstream": NODES}]}
        self.put({}, "a")
        self.assertEqual(self.ask("PUT", "/configs", body, x_digest="b")[0], 202)
        self.assertEqual(list(self.api.workers["stream_routes"][1]), ["s"])
        self.assertEqual(self.api.stream[1]["stream_routes"], {})
        self.assertEqual(len(self.api.wrong), 1)
        self.put(body, "c")
        self.assertEqual(list(self.api.stream[1]["stream_routes"]), ["s"])

    def test_a_restart_loses_all(self):
        self.put({"upstreams": [self.upstream()], "upstreams_conf_version": 5}, "a")
        self.api.restart()
        self.assertEqual((self.held()["upstreams_conf_version"], self.api.ready), (0, False))

    def test_another_client_raises_the_version(self):
        self.put({"upstreams": [self.upstream()], "upstreams_conf_version": 5}, "a")
        self.api.edit("upstreams", "v", NODES)
        self.assertEqual(self.held()["upstreams_conf_version"], 6)
        self.put({"upstreams": [], "upstreams_conf_version": 5}, "b", 400)


class OfServer(unittest.TestCase):
    """Over sockets: the parser, the ports, the faults."""

    def start(self, *options, quiet=False):
        command = [sys.executable, os.path.join(HERE, "apisix_double.py"), *options]
        errors = subprocess.DEVNULL if quiet else None
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        self.addCleanup(self.end)
        self.ports = json.loads(self.process.stdout.readline())

    def end(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()

    def call(self, port, method, path, body=None, headers=None, context=None):
        kind = http.client.HTTPSConnection if context else http.client.HTTPConnection
        connection = kind("127.0.0.1", self.ports[port], timeout=10, **({"context": context} if context else {}))
        with contextlib.closing(connection):
            connection.request(method, path, json.dumps(body) if body is not None else None, headers or {})
            answer = connection.getresponse()
            text = answer.read()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text

    def admin(self, method, path, body=None, **more):
        return self.call("admin", method, "/apisix/admin" + path, body, {"X-API-KEY": KEY}, **more)

    def tell(self, command, body=None):
        status, out = self.call("double", "POST", "/_double/" + command, body)
        self.assertEqual(status, 200, out)
        return out

    def fault(self, do, **more):
        self.tell("faults", [{"do": do, **more}])

    def put(self, name="u"):
        return self.admin("PUT", "/upstreams/" + name, NODES)

    def there(self):
        return sorted(self.tell("state")["upstreams"])

    def test_log_and_counts(self):
        self.start()
        self.put()
        self.put()
        self.admin("DELETE", "/upstreams/no")
        log = self.tell("log")["log"]
        said = [(e["method"], e["path"], e["status"]) for e in log]
        self.assertEqual(said, [("PUT", "/upstreams/u", 201), ("PUT", "/upstreams/u", 200), ("DELETE", "/upstreams/no", 404)])
        self.assertEqual(log[0]["digest"], log[1]["digest"])
        stats = self.tell("stats")
        self.assertEqual(stats["counts"], {"DELETE upstreams 404": 1, "PUT upstreams 200": 1, "PUT upstreams 201": 1})
        self.assertEqual((stats["writes"], stats["dangling"]), (3, []))
        self.tell("forget")
        self.assertEqual(self.tell("stats")["writes"], 0)

    def test_the_nth_request_fails(self):
        self.start()
        self.fault({"status": 503, "body": {"error_msg": "x"}}, match="PUT /upstreams/", nth=2, times=2)
        self.assertEqual([self.put("u%d" % i)[0] for i in range(5)], [201, 503, 503, 201, 201])
        self.assertEqual(self.there(), ["u0", "u3", "u4"])

    def test_requests_that_hold_a_text_fail(self):
        self.start()
        self.fault({"status": 500}, match="PUT /upstreams/", holds="10.0.0.9", times=0)
        self.assertEqual([self.admin("PUT", "/upstreams/u", value)[0] for value in (NODES, {"nodes": {"10.0.0.9:80": 1}})], [201, 500])

    def test_a_write_that_is_done_may_be_answered_503(self):
        self.start()
        self.fault({"status": 503, "applies": True})
        self.assertEqual(self.put()[0], 503)
        self.assertEqual(self.there(), ["u"])

    def test_cut(self):
        self.start()
        for where, there in (("before", []), ("after", ["u"]), ("middle", ["u"])):
            self.fault({"cut": where})
            with self.assertRaises((http.client.HTTPException, ConnectionError), msg=where):
                self.put()
            self.assertEqual(self.there(), there)
            self.admin("DELETE", "/upstreams/u")

    def test_garbage(self):
        self.start()
        self.fault({"garbage": "text"})
        self.assertEqual(self.admin("GET", "/upstreams"), (200, b"<html>no</html>"))
        self.fault({"garbage": "long"})
        with self.assertRaises(http.client.IncompleteRead):
            self.admin("GET", "/upstreams")
        self.fault({"garbage": "short"})
        self.assertEqual(self.admin("GET", "/upstreams"), (200, b'{"val'))
        for what in ("binary", "headless"):
            self.fault({"garbage": what})
            with self.assertRaises(http.client.HTTPException, msg=what):
                self.admin("GET", "/upstreams")
        self.fault({"garbage": "huge", "delay_ms": 3})
        self.assertGreater(len(self.admin("GET", "/upstreams")[1]), 3 * 60000)

    def test_a_redirect_is_not_served(self):
        self.start()
        self.fault({"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}})
        self.assertEqual(self.put()[0], 302)
        self.assertEqual(self.there(), [])

    def test_a_stalled_answer_comes_a_byte_at_a_time(self):
        self.start()
        self.fault({"stall_ms": 2})
        begin = time.monotonic()
        self.assertEqual(self.put()[0], 201)
        self.assertGreater(time.monotonic() - begin, 0.3)

    def test_an_answer_that_never_comes(self):
        self.start()
        self.fault({"hang": True, "applies": True})
        with socket.create_connection(("127.0.0.1", self.ports["admin"])) as s:
            s.sendall(b"GET /apisix/admin/routes HTTP/1.1\r\nHost: x\r\nX-API-KEY: %s\r\n\r\n" % KEY.encode())
            s.settimeout(0.2)
            with self.assertRaises(TimeoutError):
                s.recv(1)

    def test_a_service_time_is_for_each_request_and_not_for_all(self):
        self.start("--delay", "100")
        begin = time.monotonic()
        connections = [http.client.HTTPConnection("127.0.0.1", self.ports["admin"]) for _ in range(8)]
        for i, c in enumerate(connections):
            c.request("PUT", "/apisix/admin/upstreams/u%d" % i, json.dumps(NODES), {"X-API-KEY": KEY})
        self.assertEqual([c.getresponse().status for c in connections], [201] * 8)
        took = time.monotonic() - begin
        self.assertTrue(0.1 <= took < 0.7, took)
        for c in connections:
            c.close()

    def test_it_dies_and_comes_back_empty(self):
        self.start()
        self.put()
        self.tell("die")
        with self.assertRaises(ConnectionError):
            self.put()
        self.tell("restart")
        for _ in range(100):
            if self.tell("ports")["listening"]:
                break
            time.sleep(0.02)
        self.assertEqual(self.admin("GET", "/upstreams"), (200, {"total": 0, "list": []}))

    def test_it_dies_at_a_request(self):
        self.start()
        self.fault({"restart": "after"}, match="PUT", nth=2)
        self.put("a")
        with self.assertRaises((http.client.HTTPException, ConnectionError)):
            self.put("b")
        self.assertEqual(self.there(), [])

    def test_an_edit_behind_the_clients_back(self):
        self.start()
        self.put()
        self.fault({"edit": {"kind": "upstreams", "id": "u", "value": None}}, match="GET")
        self.assertEqual(self.admin("GET", "/upstreams/u")[0], 404)
        self.tell("edit", {"kind": "upstreams", "id": "v", "value": NODES})
        self.assertEqual(self.there(), ["v"])

    def test_stale_reads(self):
        self.start()
        self.put("a")
        self.tell("freeze")
        self.put("b")
        self.assertEqual(self.admin("GET", "/upstreams")[1]["total"], 1)
        self.assertEqual(self.there(), ["a", "b"])
        self.tell("thaw")
        self.assertEqual(self.admin("GET", "/upstreams")[1]["total"], 2)

    def test_what_the_data_plane_serves(self):
        self.start()
        self.put()
        self.admin("PUT", "/routes/r", {"uri": "/", "upstream_id": "u"})
        one = self.call("control", "GET", "/v1/route/r")[1]
        self.assertEqual((one["value"]["uri"], one["value"]["status"]), ("/", 1))
        self.assertEqual(one["modifiedIndex"], self.admin("GET", "/routes/r")[1]["modifiedIndex"])
        self.assertEqual(len(self.call("control", "GET", "/v1/upstreams")[1]), 1)
        self.assertEqual(self.call("control", "GET", "/v1/route/no"), (404, {"error_msg": "route[no] not found"}))
        self.assertEqual(self.call("control", "GET", "/v1/services")[1], {})
        self.assertEqual(self.tell("served")["missing"], [])
        self.tell("set", {"apply_ms": 60000})
        self.admin("PUT", "/routes/s", {"uri": "/", "upstream_id": "u"})
        self.assertEqual(self.call("control", "GET", "/v1/route/s")[0], 404)

    def test_workers_take_over_at_different_times(self):
        self.start()
        self.tell("set", {"lag_ms": 60000})
        self.put()
        found = {self.call("control", "GET", "/v1/upstream/u")[0] for _ in range(8)}
        self.assertEqual(found, {200, 404})
        asked = self.tell("asked")
        self.assertEqual((asked["paths"], asked["connections"]), ({"/v1/upstream/u": 8}, 8))

    def test_an_object_that_no_worker_takes_over(self):
        self.start()
        self.tell("set", {"unloaded": ["r"]})
        self.put()
        self.admin("PUT", "/routes/r", {"uri": "/", "upstream_id": "u"})
        self.assertEqual(self.admin("GET", "/routes/r")[0], 200)
        self.assertEqual(self.call("control", "GET", "/v1/routes"), (200, {}))
        self.assertEqual(self.call("control", "GET", "/v1/upstream/u")[0], 200)

    def test_a_worker_keeps_notes_in_plugins(self):
        self.start()
        self.admin("PUT", "/routes/r", {"uri": "/", "plugins": {"cors": {}}})
        self.assertEqual(self.call("control", "GET", "/v1/route/r")[1]["value"]["plugins"]["cors"]["_meta"], {})
        self.assertNotIn("_meta", self.admin("GET", "/routes/r")[1]["value"]["plugins"]["cors"])

    def test_a_control_api_that_says_one_thing(self):
        self.start()
        self.tell("set", {"control_says": [500, "no"]})
        self.assertEqual(self.call("control", "GET", "/v1/routes"), (500, b"no"))
        self.tell("set", {"control_says": None})
        self.assertEqual(self.call("control", "GET", "/v1/routes")[0], 200)

    def test_a_data_plane_of_a_file_sees_another_time_only(self):
        with tempfile.TemporaryDirectory() as room:
            path = os.path.join(room, "apisix.json")

            def write(text, second):
                with open(path + ".new", "w", encoding="utf-8") as f:
                    f.write(text)
                os.utime(path + ".new", (second, second))
                os.replace(path + ".new", path)

            def uri():
                return self.call("control", "GET", "/v1/route/r")[1].get("value", {}).get("uri")

            def until(wanted):
                for _ in range(150):
                    if uri() == wanted:
                        return
                    time.sleep(0.02)
                self.assertEqual(uri(), wanted)

            write('{"routes":[{"id":"r","uri":"/1"}]}', 1700000000)
            self.start("--document", path)
            until("/1")
            self.assertEqual(self.call("control", "GET", "/v1/route/r")[1]["modifiedIndex"], 1700000000)
            write('{"routes":[{"id":"r","uri":"/2"}]}', 1700000000)
            time.sleep(1.5)
            self.assertEqual(uri(), "/1")
            write('{"routes":', 1700000001)
            time.sleep(1.5)
            self.assertEqual(uri(), "/1")
            write('{"routes":[{"id":"r","uri":"/3"}]}', 1700000002)
            until("/3")

    def test_standalone(self):
        self.start("--mode", "standalone")
        self.assertEqual(self.call("control", "GET", "/status/ready")[0], 503)
        headers = {"X-API-KEY": KEY, "X-Digest": "d"}
        body = {"routes": [{"id": "r", "uri": "/", "upstream_id": "no"}]}
        self.assertEqual(self.call("admin", "PUT", "/apisix/admin/configs", body, headers)[0], 202)
        self.assertEqual(self.call("admin", "PUT", "/apisix/admin/configs", body, headers)[0], 204)
        self.assertEqual(self.call("control", "GET", "/status/ready")[0], 200)
        self.assertEqual(self.call("control", "GET", "/v1/route/r")[1]["value"]["uri"], "/")
        self.assertEqual(self.tell("served")["missing"], [["routes", "r", "no"]])
        self.assertEqual(len(self.tell("stats")["dangling"]), 1)
        self.tell("restart")
        self.assertEqual(self.tell("state"), {})

    def raw(self, data):
        with socket.create_connection(("127.0.0.1", self.ports["admin"]), timeout=5) as s:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            out = b""
            while piece := s.recv(65536):
                out += piece
        return out

    def test_requests_behind_one_another_on_one_connection(self):
        self.start()
        get = b"GET /apisix/admin/routes HTTP/1.1\r\nHost: x\r\nX-API-KEY: " + KEY.encode() + b"\r\n"
        out = self.raw((get + b"\r\n") * 2 + get + b"Connection: close\r\n\r\n")
        self.assertEqual(out.count(b"HTTP/1.1 200 OK"), 3)

    def test_chunks(self):
        self.start()
        put = b"PUT /apisix/admin/upstreams/u HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-API-KEY: " + KEY.encode()
        body = b"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + b'{"nod\r\n' + b'9;x=y\r\nes":{}  }\r\n0\r\n\r\n'
        self.assertIn(b"201 Created", self.raw(put + body))

    def test_a_client_that_waits_for_leave_gets_it(self):
        self.start()
        with socket.create_connection(("127.0.0.1", self.ports["admin"]), timeout=5) as s:
            head = "PUT /apisix/admin/upstreams/u HTTP/1.1\r\nHost: x\r\nX-API-KEY: %s\r\nExpect: 100-continue\r\n" % KEY
            s.sendall((head + "Content-Length: 12\r\n\r\n").encode())
            self.assertEqual(s.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            s.sendall(b'{"nodes":{}}')
            self.assertIn(b"201 Created", s.recv(1000))

    def test_bad_requests(self):
        self.start(quiet=True)
        for bad in (b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"):
            self.assertTrue(self.raw(bad).startswith(b"HTTP/1.1 400"), bad)

    def test_a_connection_has_so_many_requests(self):
        self.start("--keepalive-requests", "2")
        get = b"GET /apisix/admin/routes HTTP/1.1\r\nHost: x\r\nX-API-KEY: " + KEY.encode() + b"\r\n\r\n"
        out = self.raw(get * 3)
        self.assertEqual((out.count(b"200 OK"), out.count(b"Connection: close")), (2, 1))

    def test_tls_and_client_certificates(self):
        room = self.enterContext(tempfile.TemporaryDirectory())
        cert, key = os.path.join(room, "cert"), os.path.join(room, "key")
        make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2"]
        make += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
        subprocess.run(make, check=True, capture_output=True)
        self.start("--cert", cert, "--key", key, "--client-ca", cert)
        context = ssl.create_default_context(cafile=cert)
        with self.assertRaises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
            self.admin("GET", "/upstreams", context=context)
        context.load_cert_chain(cert, key)
        self.assertEqual(self.admin("GET", "/upstreams", context=context)[0], 200)

    def test_commands_that_nobody_knows(self):
        self.start()
        self.assertEqual(self.call("double", "POST", "/_double/nothing")[0], 404)
        for do in ({"sing": 1}, {"cut": "bread"}, {"garbage": "bin"}):
            self.assertEqual(self.call("double", "POST", "/_double/faults", [{"do": do}])[0], 400, do)
        self.assertEqual(self.call("double", "POST", "/_double/set", {"nothing": 1})[0], 400)


if __name__ == "__main__":
    unittest.main()
