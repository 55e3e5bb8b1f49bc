"""What APISIX says of an object's shape: its JSON schemas where a file of them is given, else the minimum.

The file is the answer of a control API's /v1/schema. Messages are worded as APISIX's validator words them, as far
as the kinds of faults go; which of several faults is named first is not the same.
"""

import functools
import importlib.util
import json
import re

HAVE = importlib.util.find_spec("jsonschema") is not None  # else only the minimum is checked

SINGULAR = {
    "routes": "route", "services": "service", "upstreams": "upstream", "ssls": "ssl", "stream_routes": "stream_route",
    "plugin_configs": "plugin_config", "consumer_groups": "consumer_group", "global_rules": "global_rule",
    "consumers": "consumer", "protos": "proto", "secrets": "secret", "plugin_metadata": "plugin_metadata",
    "credentials": "credential",
}  # fmt: skip
ID = re.compile(r"[a-zA-Z0-9\-_.]{1,64}\Z")
USERNAME = re.compile(r"[a-zA-Z0-9_\-]{1,256}\Z")
COMMON = {"id", "name", "desc", "labels", "create_time", "update_time"}
MEMBERS = {
    "routes": COMMON | {
        "uri", "uris", "priority", "methods", "host", "hosts", "remote_addr", "remote_addrs", "vars", "filter_func",
        "timeout", "plugins", "plugin_config_id", "service_id", "upstream", "upstream_id", "script", "script_id",
        "enable_websocket", "status",
    },
    "services": COMMON | {"plugins", "upstream", "upstream_id", "script", "enable_websocket", "hosts"},
    "upstreams": COMMON | {
        "nodes", "type", "hash_on", "key", "scheme", "retries", "retry_timeout", "timeout", "pass_host", "upstream_host",
        "keepalive_pool", "tls", "checks", "discovery_type", "discovery_args", "service_name",
    },
    "ssls": COMMON | {"type", "sni", "snis", "key", "cert", "certs", "keys", "client", "status", "ssl_protocols"},
    "stream_routes": COMMON | {
        "remote_addr", "server_addr", "server_port", "sni", "upstream", "upstream_id", "service_id", "plugins", "protocol",
    },
    "plugin_configs": COMMON | {"plugins"},
    "consumer_groups": COMMON | {"plugins"},
    "global_rules": {"id", "plugins", "create_time", "update_time"},
    "consumers": COMMON - {"id"} | {"username", "group_id", "plugins"},
    "protos": COMMON | {"content"},
    "credentials": COMMON | {"plugins"},
}  # fmt: skip
REQUIRED = {
    "plugin_configs": ["plugins"], "consumer_groups": ["plugins"], "global_rules": ["plugins"], "protos": ["content"],
    "consumers": ["username"], "credentials": ["plugins"],
}  # fmt: skip
TARGETS = {"plugins", "upstream", "upstream_id", "service_id", "script"}
ONE_SCHEMA = "value should match only one schema, but matches none"
DEFAULTS = {  # without a schema file: what a data plane fills in
    "routes": {"priority": 0, "status": 1},
    "upstreams": {"type": "roundrobin", "hash_on": "vars", "scheme": "http", "pass_host": "pass"},
    "ssls": {"status": 1, "type": "server"},
}


def kind_of(value) -> str:
    names = ((bool, "boolean"), ((int, float), "number"), (str, "string"), (list, "array"), (dict, "object"))
    return next((name for types, name in names if isinstance(value, types)), "userdata")


def worded(error) -> str:
    """A jsonschema fault as APISIX's validator says it."""
    if error.validator == "additionalProperties":
        extra = sorted(error.instance.keys() - error.schema.get("properties", {}).keys())
        said = "additional properties forbidden, found " + (extra[0] if extra else "?")
    elif error.validator == "required":
        missing = [k for k in error.validator_value if k not in error.instance]
        said = 'property "%s" is required' % missing[0]
    elif error.validator == "type":
        said = "wrong type: expected %s, got %s" % (error.validator_value, kind_of(error.instance))
    elif error.validator == "pattern":
        said = 'failed to match pattern "%s" with "%s"' % (error.validator_value, error.instance)
    elif error.validator == "enum":
        said = "matches none of the enum values"
    elif error.validator == "oneOf":
        said = ONE_SCHEMA
    elif error.validator in ("anyOf", "not"):
        said = "object matches none of the required"
    else:
        said = "%s: %s" % (error.validator, error.message[:200])
    for step in reversed(list(error.absolute_path)):
        if isinstance(step, int):
            said = "failed to validate item %d: %s" % (step + 1, said)
        else:
            said = 'property "%s" validation failed: %s' % (step, said)
    return said


def mended(schema):
    """A schema for jsonschema: Lua's one empty table is {} where a list is meant, and its patterns are PCRE's."""
    if isinstance(schema, list):
        return [mended(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    out = {}
    for name, value in schema.items():
        empty = name in ("required", "enum", "anyOf", "oneOf", "allOf") and value == {}
        if not empty and not (name == "pattern" and isinstance(value, str) and not compiles(value)):
            out[name] = mended(value)
    return out


def compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


class Schemas:
    def __init__(self, path: str | None):
        self.all = {}
        if path:
            with open(path, encoding="utf-8") as f:
                self.all = json.load(f)
        self.strict = bool(self.all) and HAVE

    @functools.lru_cache(maxsize=None)
    def validator(self, section: str, name: str, part: str = ""):
        import jsonschema  # it takes a while

        schema = self.all.get(section, {}).get(name)
        if schema and section != "main":
            schema = schema.get(part)
        return jsonschema.Draft7Validator(mended(schema)) if schema else None

    def fault(self, kind: str, value: dict, indexed: bool = False) -> str | None:
        """Why the object is not of its kind's shape; indexed: a modifiedIndex may stand in it."""
        if not isinstance(value, dict):
            return "wrong type: expected object, got " + kind_of(value)
        if indexed and type(value.get("modifiedIndex")) is int:
            value = {k: v for k, v in value.items() if k != "modifiedIndex"}
        validator = self.validator("main", SINGULAR[kind]) if self.strict and kind in SINGULAR else None
        why = self.first(validator, value) if validator else minimum(kind, value)
        return why or self.plugins_fault(kind, value)

    @staticmethod
    def first(validator, value) -> str | None:
        if validator.is_valid(value):
            return None
        errors = sorted(validator.iter_errors(value), key=lambda e: (len(e.absolute_path), str(list(e.absolute_path))))
        return worded(errors[0])

    def plugins_fault(self, kind: str, value: dict) -> str | None:
        section = "stream_plugins" if kind == "stream_routes" else "plugins"
        plugins = value.get("plugins", {})
        if not isinstance(plugins, dict):
            return 'property "plugins" validation failed: wrong type: expected object, got ' + kind_of(plugins)
        for name, conf in plugins.items():
            if not isinstance(conf, dict):
                return "invalid plugin conf %s for plugin [%s]" % (json.dumps(conf), name)
            if not self.strict:
                continue
            if name not in self.all.get(section, {}):
                return "unknown plugin [%s]" % name
            part = "consumer_schema" if kind in ("consumers", "credentials") else "schema"
            validator = self.validator(section, name, part) or self.validator(section, name, "schema")
            if validator and "_meta" not in validator.schema.get("properties", {}):
                conf = {k: v for k, v in conf.items() if k != "_meta"}
            why = self.first(validator, conf) if validator else None
            if why:
                return "failed to check the configuration of plugin %s err: %s" % (name, why)
        return None

    def metadata_fault(self, name: str, value) -> str | None:
        if not isinstance(value, dict):
            return "wrong type: expected object, got " + kind_of(value)
        if not self.strict:
            return None
        if name not in self.all.get("plugins", {}):
            return "invalid plugin name"
        validator = self.validator("plugins", name, "metadata_schema")
        body = {k: v for k, v in value.items() if k not in ("id", "create_time", "update_time")}
        return self.first(validator, body) if validator else None

    def with_defaults(self, kind: str, value: dict) -> dict:
        """As a data plane holds it."""
        schema = self.all.get("main", {}).get(SINGULAR[kind])
        return filled(schema, value) if schema else {**DEFAULTS.get(kind, {}), **value}


def filled(schema: dict, value: dict) -> dict:
    out = dict(value)
    for name, sub in schema.get("properties", {}).items():
        if not isinstance(sub, dict):
            continue
        if name not in out and "default" in sub:
            out[name] = sub["default"]
        elif isinstance(out.get(name), dict) and sub.get("properties"):
            out[name] = filled(sub, out[name])
    return out


def minimum(kind: str, value: dict) -> str | None:
    """What is checked of the shape without a schema file."""
    extra = sorted(value.keys() - MEMBERS.get(kind, value.keys()))
    if extra:
        return "additional properties forbidden, found " + extra[0]
    for name in REQUIRED.get(kind, []):
        if name not in value:
            return 'property "%s" is required' % name
    labels = value.get("labels", {})
    if not isinstance(labels, dict):
        return 'property "labels" validation failed: wrong type: expected object, got ' + kind_of(labels)
    for name, label in labels.items():
        if not isinstance(label, str) or not re.fullmatch(r"\S{1,256}", label):
            return 'property "labels" validation failed: property "%s" validation failed' % name
    return SHAPES[kind](value) if kind in SHAPES else None


def route_minimum(value: dict) -> str | None:
    if ("uri" in value) == ("uris" in value) or {"host", "hosts"} <= value.keys():
        return ONE_SCHEMA
    return None if TARGETS & value.keys() else "object matches none of the required"


def upstream_minimum(value: dict) -> str | None:
    if ("nodes" in value) == ({"service_name", "discovery_type"} <= value.keys()):
        return ONE_SCHEMA
    if not isinstance(value.get("nodes", []), (dict, list)):
        return 'property "nodes" validation failed: object matches none of the required'
    return None


def ssl_minimum(value: dict) -> str | None:
    for name in ("cert", "key"):
        if name not in value:
            return 'property "%s" is required' % name
    if value.get("type", "server") == "server" and not {"sni", "snis"} & value.keys():
        return 'property "sni" is required'
    return None


SHAPES = {"routes": route_minimum, "upstreams": upstream_minimum, "ssls": ssl_minimum}
