"""The rules of the house that a compiler does not know: floors, file sizes, leftovers.

Prints one line for each breach, `path:line: what`, and exits with 1 when there is any.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

FLOORS = [
    {"COpenSSL", "CSRTP", "COpus", "CVPX", "CPNG", "CDatagram", "CPrefetch"},
    {"Wire", "Consultation"},
    {"Transport", "Forwarding", "Congestion", "Quality"},
    {"MediaEngine", "Transcoding"},
    {"MediaIO", "MediaHooks", "HookExample", "Signaling", "Records", "WebClient", "Simulation"},
    {"Visavis", "Bench"},
]
FLOOR = {target: number for number, targets in enumerate(FLOORS) for target in targets}
# A sibling that the design names.
SIBLINGS = {("Signaling", "WebClient")}
# What floors 0 to 3 may import besides lower floors: bytes and locks, no world.
PURE = {"Glibc", "Synchronization"}
# The clock, threads, sockets and randomness without a seed.
WORLDLY = re.compile(
    r"\b(clock_gettime|gettimeofday|ContinuousClock|SuspendingClock|SystemRandomNumberGenerator"
    r"|pthread_\w+|Thread\(|DispatchQueue|Task\s*\{|Task\.detached|socket\(|print\()"
)
UNSEEDED = re.compile(r"\.(random\(in: [^,()]*\)|random\(\)|randomElement\(\)|shuffled\(\))")
LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:public |internal |package |private |fileprivate )?"
    r"import (?:struct |class |enum |func |protocol |typealias |var |let )?(\w+)"
)
ABSOLUTE = re.compile(r"[\"'\s(=](/home/\w|/root/|/Users/|/tmp/\w)")
MAXIMUM_LINES = 500

breaches: list[str] = []


def report(path: pathlib.Path, line: int, text: str) -> None:
    breaches.append(f"{path.relative_to(ROOT)}:{line}: {text}")


def check_import(path: pathlib.Path, line: int, target: str, module: str) -> None:
    floor = FLOOR[target]
    if module in FLOOR:
        if FLOOR[module] > floor or (
            FLOOR[module] == floor and module != target and (target, module) not in SIBLINGS
        ):
            report(path, line, f"{target} is on floor {floor} and may not import {module}")
    elif floor <= 3 and module not in PURE:
        report(path, line, f"{target} is on floor {floor} and imports no {module}")


def check_source(path: pathlib.Path, target: str) -> None:
    if target not in FLOOR:
        report(path, 1, f"the target {target} is on no floor; add it to Scripts/source_rules.py")
        return
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if len(lines) >= MAXIMUM_LINES:
        report(path, len(lines), f"{len(lines)} lines; a type of {MAXIMUM_LINES} lines is two types")
    if path.name == "Placeholder.swift":
        report(path, 1, "a placeholder; remove it, or the target")
    for number, line in enumerate(lines, 1):
        found = IMPORT.match(line)
        if found:
            check_import(path, number, target, found.group(1))
        code = line.split("//", 1)[0]
        if LEFTOVER.search(line):
            report(path, number, "unfinished: finish it, or write an issue")
        if FLOOR[target] <= 3 and (WORLDLY.search(code) or UNSEEDED.search(code)):
            report(path, number, "floors 1 to 3 have no clock, thread, socket or unseeded random")


def check_text(path: pathlib.Path) -> None:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return
    for number, line in enumerate(lines, 1):
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            report(path, number, "a merge conflict")
        if ABSOLUTE.search(line) and path.suffix not in {".sdp", ".har", ".lock"}:
            report(path, number, "a path of one machine")


def tracked() -> list[pathlib.Path]:
    """What git knows or would know; everything when this is no checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        return [p for p in ROOT.rglob("*") if ".build" not in p.parts and ".git" not in p.parts]
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def main() -> int:
    for path in sorted(tracked()):
        if not path.is_file():
            continue
        relative = path.relative_to(ROOT)
        if relative.parts[0] == "Sources" and path.suffix == ".swift":
            check_source(path, relative.parts[1])
        if path.suffix in {".swift", ".py", ".bash", ".md", ".yaml", ".js", ".c", ".h"} or (
            relative.parts[0] in {"Scripts", ".ci"}
        ):
            if path != pathlib.Path(__file__).resolve():
                check_text(path)
    for breach in breaches:
        print(breach)
    print(f"source rules: {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
