#!/usr/bin/env python3
"""What the documentation says of the tree, checked against the tree. TAP."""
import os, re, subprocess, sys

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.chdir(root)
n = failed = 0


def check(name, problems):
    global n, failed
    n += 1
    failed += bool(problems)
    print("%s %d docs: %s" % ("not ok" if problems else "ok", n, name))
    for p in problems:
        print("#   " + p)


def text(path):
    return open(path, encoding="utf-8").read()


pages = ["README.md"] + ["docs/" + f for f in os.listdir("docs") if f.endswith(".md")]
check("links between pages lead somewhere", [
    "%s: %s" % (page, link) for page in pages for link in re.findall(r"\]\(([^)#]+)\)", text(page))
    if "://" not in link and not os.path.exists(os.path.join(os.path.dirname(page), link))])

made = subprocess.run(["docs/gen-findings.sh", "lib/rec/findings.def"], stdout=subprocess.PIPE, check=True).stdout
check("gw-findings(7) is up to date with findings.def (make docs)",
      [] if made == open("docs/man/gw-findings.7", "rb").read() else ["run make docs, and commit the page"])

ids = re.findall(r'^FINDING\(\w+, *"([a-z-]+)"', text("lib/rec/findings.def"), re.M)
check("finding ids are unique", sorted({i for i in ids if ids.count(i) > 1}))

programs = os.listdir("pipelines") + [f[:-2] for f in os.listdir("tools") if f.endswith(".c")]
pages = {f[:-2]: text("docs/man/" + f) for f in os.listdir("docs/man")}
check("every program has a man page", [p for p in programs if p not in pages])
check("man pages refer to pages that exist", [
    "%s: %s(%s)" % (page, name, part) for page, said in pages.items()
    for name, part in re.findall(r"^\.(?:It )?Xr (gw[a-z-]*) (\d)", said, re.M) if not os.path.exists("docs/man/%s.%s" % (name, part))])

# docs/support.md: | what | yes, partly, not yet or cannot | `tool/case`... or a remark |
rows = [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in text("docs/support.md").splitlines()
        if line.startswith("| ")]
rows = [r for r in rows if len(r) == 3 and r[1] in ("yes", "partly", "not yet", "cannot")]
marks = [r[1] for r in rows]
check("support.md has rows with each mark", [m for m in ("yes", "partly", "not yet", "cannot") if m not in marks])


def exists(case):
    if case.endswith(".bats") or case.endswith(".py"):
        return os.path.exists("tests/" + case)
    return any(os.path.exists("tests/golden/%s.in.%s" % (case, end)) for end in ("yaml", "ndjson"))


named = re.compile(r"`((?:gw-[a-z-]+|pipeline|bats|props)/[^`]+)`")
check("every `yes` in support.md names the test that backs it", [r[0] for r in rows if r[1] == "yes" and not named.search(r[2])])
check("every test named in support.md exists", [t for r in rows for t in named.findall(r[2]) if not exists(t)])

# lib/gw/support.def: what gw-validate warns of is a row of its kind that says no, or partly, as it does there
sections, section = {}, ""
for line in text("docs/support.md").splitlines():
    if line.startswith("## "):
        section = line[3:]
    elif line.startswith("| "):
        cells = [c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]]
        sections.setdefault(section, {})[cells[0]] = cells[1]
limits = re.findall(r'^SUPPORT\("(\w+)", *"([^"]+)", *(?:NULL|"[^"]*"), *(\w+),\s*"([^"]+)",\s*"', text("lib/gw/support.def"), re.M)
marks_of = {"no": ("not yet", "cannot"), "partly": ("partly",)}
check("what gw-validate warns of is in support.md, and not as `yes`", [
    "%s %s: %s is %s" % (kind, path, feature, mark or "not in its section") for kind, path, level, feature in limits
    for mark in [sections.get(kind, {}).get(feature) or sections["Extensions of APISIX"].get(feature)]
    if mark not in marks_of[level]] + ([] if len(limits) == text("lib/gw/support.def").count("\nSUPPORT(") else ["a row is not read"]))

# lib/gw/features.def: what we claim
claims = re.findall(r'^FEATURE\("(\w+)", "(\w+)", "([^"]+)"\)', text("lib/gw/features.def"), re.M)
check("every feature that is claimed is `yes` in support.md", [
    "%s: %s" % (name, sections.get(section, {}).get(row, "no such row")) for name, section, row in claims
    if sections.get(section, {}).get(row) != "yes"] + ([] if len(claims) == text("lib/gw/features.def").count("\nFEATURE(") else ["a row is not read"]))
check("features are sorted and unique", [] if [c[0] for c in claims] == sorted({c[0] for c in claims}) else ["sort them"])

kinds = ("GatewayClass Gateway ListenerSet HTTPRoute GRPCRoute TLSRoute TCPRoute UDPRoute ReferenceGrant BackendTLSPolicy "
         "XBackend XBackendTrafficPolicy XMesh").split()
check("support.md speaks of every kind", [k for k in kinds if "\n## " + k not in text("docs/support.md")])

print("1..%d" % n)
sys.exit(failed > 0)
