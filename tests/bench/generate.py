#!/usr/bin/env python3
"""A world of N HTTPRoutes for the bench: generate.py N >world.yaml; generate.py N change-route|change-slice prints
one changed object as a record.

Each route has two matches, a filter and two weighted backends; there are N Services with an EndpointSlice of four
endpoints each. 100 routes share a hostname."""
import json, sys

n = int(sys.argv[1])
change = sys.argv[2] if len(sys.argv) > 2 else ""


def route(i, value="1"):
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "metadata": {"name": "route-%05d" % i, "namespace": "bench", "labels": {"app": "app-%d" % i}},
            "spec": {"parentRefs": [{"name": "front", "namespace": "bench"}], "hostnames": ["h%d.bench.example" % (i // 100)],
                     "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/app-%d" % i}},
                                            {"path": {"type": "Exact", "value": "/exact-%d" % i}, "method": "GET"}],
                                "filters": [{"type": "RequestHeaderModifier",
                                             "requestHeaderModifier": {"set": [{"name": "x-app", "value": value}]}}],
                                "backendRefs": [{"name": "svc-%05d" % i, "port": 80, "weight": 9},
                                                {"name": "svc-%05d" % ((i + 1) % n), "port": 80, "weight": 1}]}]}}


def service(i):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "svc-%05d" % i, "namespace": "bench"},
            "spec": {"selector": {"app": "app-%d" % i}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}}


def slice_(i, last=4):
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": "svc-%05d-a" % i, "namespace": "bench", "labels": {"kubernetes.io/service-name": "svc-%05d" % i}},
            "addressType": "IPv4", "ports": [{"name": "http", "port": 8080}],
            "endpoints": [{"addresses": ["10.%d.%d.%d" % (i >> 8 & 255, i & 255, k)], "conditions": {"ready": True}}
                          for k in list(range(1, 4)) + [last]]}


head = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bench"}},
        {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": {"name": "apisix"},
         "spec": {"controllerName": "gwpipe.dev/apisix"}},
        {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "front", "namespace": "bench"},
         "spec": {"gatewayClassName": "apisix", "listeners": [{"name": "http", "protocol": "HTTP", "port": 80}]}}]


def plain(value, indent=0):
    """YAML in the block style that people and kubectl write."""
    pad = "  " * indent
    if isinstance(value, dict):
        return "".join(pad + k + ":" + (plain_scalar(v) if not isinstance(v, (dict, list)) else "\n" + plain(v, indent + 1))
                       for k, v in value.items())
    return "".join(pad + "-" + (plain_scalar(v) if not isinstance(v, (dict, list)) else " " + plain(v, indent + 1).lstrip(" "))
                   for v in value)


def plain_scalar(v):
    if isinstance(v, str) and (v.replace(".", "").isdigit() or v == ""):
        return ' "%s"\n' % v
    return " %s\n" % (json.dumps(v) if not isinstance(v, str) else v)


if change == "change-route":
    print(json.dumps({"type": "MODIFIED", "object": route(n // 2, "2")}, separators=(",", ":")))
elif change == "change-slice":
    print(json.dumps({"type": "MODIFIED", "object": slice_(n // 2, 99)}, separators=(",", ":")))
else:
    for o in head:
        sys.stdout.write("---\n" + plain(o))
    for i in range(n):
        for make in (route, service, slice_):
            sys.stdout.write("---\n" + plain(make(i)))
