#!/usr/bin/env python3
"""Runs the examples of README.md and of the man pages, each in a directory like the repository root. TAP."""
import os, re, shutil, subprocess, sys, tempfile

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# What an example may need that is not here; such examples are read only.
ELSEWHERE = re.compile(r"kubectl|/srv/|/usr/local/|git |cron|my-gateway|make |ssh |curl |docker |systemctl|https?://")
WRONG = re.compile(r"command not found|syntax error|try '|unknown or ambiguous|No such file|jq: error|Traceback")


def man_examples(path):
    """The displays in the section EXAMPLES: .Bd -literal ... .Ed, and .Dl lines."""
    section, block = "", None
    for line in open(path):
        line = line.rstrip("\n")
        if line.startswith(".Sh "):
            section = line[4:]
        elif section == "EXAMPLES" and line.startswith(".Bd"):
            block = []
        elif section == "EXAMPLES" and line.startswith(".Ed"):
            yield "\n".join(block)
            block = None
        elif block is not None:
            block.append(unescape(line))
        elif section == "EXAMPLES" and line.startswith(".Dl "):
            yield unescape(line[4:])


def unescape(text):
    for escape, char in ((r"\&", ""), (r"\(aq", "'"), (r"\(dq", '"'), (r"\-", "-"), (r"\(ti", "~"), (r"\(ha", "^"),
                         (r"\(ga", "`"), (r"\e", "\\")):
        text = text.replace(escape, char)
    return text


def markdown_examples(path):
    for block in re.findall(r"(?:^    .*\n)+", open(path).read(), re.M):
        yield re.sub(r"^    ", "", block, flags=re.M).strip()


def is_command(text):
    return re.match(r"(\$ |\{ )?gw-[a-z-]+ ", text) and not text.startswith("gw-watch | ") and ": error: " not in text


def main():
    pages = ["README.md"] + sorted("docs/man/" + p for p in os.listdir(root + "/docs/man"))
    n = failed = 0
    for page in pages:
        read = markdown_examples if page.endswith(".md") else man_examples
        examples = [e for e in read(os.path.join(root, page)) if is_command(e)]
        for text in examples:
            n += 1
            title = "docs: %s: %s" % (page, text.split("\n")[0][:70].replace("#", "\\#"))
            if ELSEWHERE.search(text):
                print("ok %d %s # SKIP needs what is not here" % (n, title))
                continue
            why = run(text)
            failed += why is not None
            print("%s %d %s" % ("not ok" if why else "ok", n, title))
            if why:
                print("\n".join("#   " + l for l in why.splitlines()[:20]))
        if not examples and re.search(r"gw-[a-z-]+\.1$", page):
            n += 1
            failed += 1
            print("not ok %d docs: %s has no example that can be run" % (n, page))
    print("1..%d" % n)
    return failed > 0


def run(text):
    with tempfile.TemporaryDirectory() as room:
        shutil.copytree(root + "/docs", room + "/docs")
        os.mkdir(room + "/tmp")
        # Displays may show the result under the command, after a line of prompt: take the commands only.
        if re.search(r"^\$ ", text, re.M):
            text = "\n".join(l[2:] for l in text.splitlines() if l.startswith("$ "))
        text = text.replace("/tmp/", room + "/tmp/")
        follows = "gw-reconcile" in text or ("gw-watch" in text and "--once" not in text)
        try:
            done = subprocess.run(["bash", "-c", "set -o pipefail\n" + text], cwd=room, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=3 if follows else 60)
        except subprocess.TimeoutExpired as late:
            return None if follows else "still running after 60 s"
        said = done.stderr.decode("utf-8", "replace")
        if done.returncode not in (0, 1) or WRONG.search(said):
            return "exit code %d\n%s" % (done.returncode, said)
        return None


sys.exit(main())
