"""Runs the benchmarks that Scripts/bench has built, and writes what they say."""

import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
HERE = ROOT / "Benchmarks"
PROGRAMS = HERE / ".build" / "release"
RESULTS = HERE / ".build" / "results"
THRESHOLDS = HERE / "Thresholds" / "steps.json"
DOCUMENT = ROOT / "Docs" / "Performance.md"
COUNTER = PROGRAMS / "libAllocationCounter.so"

PACED = ["30x2", "10x2", "1x5", "1to20"]
SATURATING = ["fanout10", "pairs"]
NAMES = {
    "30x2": "30 rooms x 2", "10x2": "10 x 2", "1x5": "1 x 5", "1to20": "1 to 20",
    "fanout10": "saturated, fan-out 10", "pairs": "saturated, pairs",
}
# What the project set out for, and what others were measured with: the same load on a machine like
# this one, CPU microseconds of the server process for each forwarded packet.
GOALS = {
    "30x2": ("6", "29.5", "76"), "10x2": ("8", "43", "104"), "1x5": ("8", "21.8", "66"),
    "1to20": ("5", "12.6", "52"), "fanout10": ("2.5", "7.4", ""), "pairs": ("4", "14.1", ""),
}
# Seconds: probing a new path is of a call's beginning.
WARM_UP = 4
RATIO_GOAL = "1.3"
# The share of a run that a server may wait for its core.
DISTURBED = 0.05


def run(*command, **options):
    return subprocess.run(
        [str(word) for word in command], check=True, text=True, capture_output=True, **options
    ).stdout


def say(text):
    print(text, flush=True)


# ---- the machine


def first_line(*command):
    try:
        return run(*command).splitlines()[0].strip()
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def machine():
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = re.sub(r"\s+", " ", line.split(":", 1)[1]).strip()
            break
    swift = re.search(r"Swift version (\S+)", run("swift", "--version"))
    commit = first_line("git", "-C", ROOT, "rev-parse", "--short", "HEAD")
    if first_line("git", "-C", ROOT, "status", "--porcelain", "--", "Sources", "Benchmarks") not in (
        "unknown", ""
    ):
        commit += " with changes"
    return (
        f"{datetime.date.today().isoformat()}, commit {commit}; {model}, {os.cpu_count()} cores, "
        f"Linux {platform.release()}; Swift {swift.group(1) if swift else 'unknown'}, OpenSSL "
        f"{first_line('pkg-config', '--modversion', 'openssl')}, libsrtp2 "
        f"{first_line('pkg-config', '--modversion', 'libsrtp2')}"
    )


# ---- steps


def micro(environment=None, prefix=()):
    output = run(*prefix, PROGRAMS / "Micro", env={**os.environ, **(environment or {})})
    return {r["name"]: r for r in map(json.loads, filter(lambda l: l[:1] == "{", output.splitlines()))}


def instructions():
    """By callgrind; without debugging information, which not every valgrind can read."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "Micro"
        run("strip", "--strip-debug", "-o", program, PROGRAMS / "Micro")
        output = run(
            "valgrind", "--tool=callgrind", "--instr-atstart=no",
            f"--callgrind-out-file={folder}/out", program)
        counts = {}
        for line in output.splitlines():
            if line.startswith("{"):
                record = json.loads(line)
                counts[record["name"]] = record["count"]
        for path in pathlib.Path(folder).glob("out.*"):
            text = path.read_text()
            name = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.M)
            total = re.search(r"^totals: (\d+)$", text, re.M)
            if name and total and counts.get(name.group(1)):
                found[name.group(1)] = int(total.group(1)) / counts[name.group(1)]
    return found


def count_steps():
    allocations = micro({"LD_PRELOAD": str(COUNTER)})
    counted = instructions() if shutil.which("valgrind") else {}
    return {
        name: {
            "instructions": counted.get(name),
            "allocations": record["allocations"] / max(record["count"], 1),
        }
        for name, record in allocations.items()
    }


def check(steps):
    """Returns what is above its threshold, in words."""
    if not THRESHOLDS.exists():
        return [f"there is no {THRESHOLDS.relative_to(ROOT)}: write it with --set-thresholds"]
    wanted = json.loads(THRESHOLDS.read_text())
    margin = 1 + wanted["margin"]
    breaches = []
    for name, limit in wanted["steps"].items():
        if name not in steps:
            breaches.append(f"{name}: not measured")
            continue
        found = steps[name]
        if found["instructions"] is not None and limit["instructions"] is not None:
            if found["instructions"] > limit["instructions"] * margin:
                breaches.append(
                    f"{name}: {found['instructions']:.0f} instructions a packet, threshold "
                    f"{limit['instructions']} + {wanted['margin']:.0%}")
        if found["allocations"] > limit["allocations"]:
            breaches.append(
                f"{name}: {found['allocations']:.3f} allocations a packet, threshold "
                f"{limit['allocations']}")
    breaches += [f"{name}: has no threshold" for name in steps if name not in wanted["steps"]]
    return breaches


def set_thresholds(steps):
    THRESHOLDS.parent.mkdir(exist_ok=True)
    record = {
        "about": "Instructions and allocations a packet; Scripts/bench --check fails above these "
        "and the margin. Counted with the versions told in `made`: others may differ.",
        "made": machine(),
        "margin": 0.1,
        "steps": {
            name: {
                "instructions": round(step["instructions"]) if step["instructions"] else None,
                "allocations": round(step["allocations"], 3),
            }
            for name, step in steps.items()
        },
    }
    THRESHOLDS.write_text(json.dumps(record, indent=2) + "\n")
    say(f"wrote {THRESHOLDS.relative_to(ROOT)}")


def steps_table(times, steps):
    lines = ["| step | ns | instructions | allocations |", "|---|---|---|---|"]
    for name, record in times.items():
        step = steps.get(name, {})
        count = step.get("instructions")
        allocations = step.get("allocations")
        lines.append(
            f"| {name} | {record['nanoseconds']:.0f} | {'' if count is None else f'{count:.0f}'} | "
            f"{'' if allocations is None else f'{allocations:.3g}'} |")
    return lines


# ---- relay and floor


def generate(server, case, options, preload=None):
    command = [
        PROGRAMS / "Generator", "--server", PROGRAMS / server, "--case", case,
        "--seconds", options.seconds, "--warm-up", 1 if case in SATURATING else WARM_UP,
        "--hold", options.hold,
        "--server-cpu", options.server_cpu, "--cpu", options.cpu,
    ]
    if preload:
        command += ["--preload", preload]
    return json.loads(run(*command).splitlines()[-1])


def undisturbed(server, case, options):
    """Another try when other programs took the server's core: what it then measures is them."""
    for attempt in range(options.tries):
        result = generate(server, case, options)
        if result["waiting"] <= DISTURBED or attempt + 1 == options.tries:
            return result


def side_by_side(cases, options):
    """Interleaved, so that what the machine does besides hits both."""
    runs = {case: {"Relay": [], "Floor": []} for case in cases}
    for repetition in range(options.repeat):
        for case in cases:
            for server in ("Relay", "Floor"):
                result = undisturbed(server, case, options)
                runs[case][server].append(result)
                if result["refused"]:
                    say(f"  {result['refused']} packets of {server} were not authentic")
                if result["waiting"] > DISTURBED:
                    say(f"  other programs had the core for {result['waiting']:.0%} of the run")
            relay, floor = runs[case]["Relay"][-1], runs[case]["Floor"][-1]
            say(
                f"  {repetition + 1}/{options.repeat} {NAMES[case]:22} relay "
                f"{relay['cpuPerPacket']:6.2f} us, floor {floor['cpuPerPacket']:6.2f} us, ratio "
                f"{relay['cpuPerPacket'] / floor['cpuPerPacket']:.2f}, "
                f"{relay['forwardedPerSecond']} packets/s, lost {relay['lost']} + {floor['lost']}")
    return runs


def spread(values, digits=2):
    middle = statistics.median(values)
    if len(values) == 1:
        return f"{middle:.{digits}f}"
    return f"{middle:.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def disturbances(runs):
    count = sum(
        r["waiting"] > DISTURBED for servers in runs.values() for rs in servers.values() for r in rs)
    if not count:
        return []
    return [f"**{count} of these runs were disturbed: other programs had the server's core for more "
            f"than {DISTURBED:.0%} of them.**"]


def relay_table(runs, options):
    lines = [
        f"CPU microseconds of the server for each forwarded packet, median and range of "
        f"{options.repeat} runs of {options.seconds} s, relay and floor in turn; server on core "
        f"{options.server_cpu}, generator on core {options.cpu}, AEAD_AES_128_GCM. Both space "
        f"their turns by the same rule (`TurnSpacing`, at most {options.hold} us) and take 16 batches of "
        f"64 datagrams a turn at most; under saturation 512 packets are on their way to the server at "
        f"any time. Wake-ups say what the batching came to.",
        *disturbances(runs),
        "",
        "| case | relay | floor | ratio | goal for the ratio | packets/s forwarded, relay | "
        "wake-ups/s, relay and floor | delay p50 / p99 ms, relay | lost |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for case, servers in runs.items():
        relay, floor = servers["Relay"], servers["Floor"]
        ratios = [r["cpuPerPacket"] / f["cpuPerPacket"] for r, f in zip(relay, floor)]

        def middle(key, records=relay):
            return statistics.median(r[key] for r in records)

        delay = f"{middle('delayP50') / 1000:.2f} / {middle('delayP99') / 1000:.2f}"
        lines.append(
            f"| {NAMES[case]} | {spread([r['cpuPerPacket'] for r in relay])} | "
            f"{spread([f['cpuPerPacket'] for f in floor])} | {spread(ratios)} | {RATIO_GOAL} | "
            f"{middle('forwardedPerSecond'):.0f} | {middle('sleepsPerSecond'):.0f}, "
            f"{middle('sleepsPerSecond', floor):.0f} | "
            f"{'' if case in SATURATING else delay} | {sum(r['lost'] for r in relay + floor)} |")
    return lines


# ---- the server as it is


class Server:
    """visavis on one core, in a folder of its own."""

    def __init__(self, options, settings=None, ports=None):
        http, media = ports or (options.http_port, options.media_port)
        self.folder = tempfile.TemporaryDirectory()
        self.program = ROOT / ".build" / "release" / "visavis"
        self.environment = {
            **os.environ, "VISAVIS_LOADTEST_ENABLED": "true", "VISAVIS_MEDIA_WORKERS": "1",
            "VISAVIS_STATE": self.folder.name + "/state", "VISAVIS_HTTP_PORT": str(http),
            # What it bears is asked, not when it says busy.
            "VISAVIS_ADMISSION_LOAD": "100",
            "VISAVIS_MEDIA_PORT": str(media), **(settings or {}),
        }
        self.log = open(self.folder.name + "/log", "w")
        self.process = subprocess.Popen(
            ["taskset", "-c", str(options.server_cpu), self.program, "serve"], stdout=self.log,
            stderr=subprocess.STDOUT, env=self.environment, cwd=self.folder.name)
        address = f"http://127.0.0.1:{http}"
        for _ in range(100):
            time.sleep(0.1)
            if subprocess.run(
                [sys.executable, "-c",
                 f"import urllib.request as u; u.urlopen('{address}/health/ready', timeout=1)"],
                capture_output=True, check=False).returncode == 0:
                break
        self.arguments = [
            "--server", address, "--server-pid", str(self.process.pid), "--cpus", str(options.cpu),
            "--token-command", f"{self.program} token --role loadtest",
        ]

    def bench(self, *words):
        with tempfile.NamedTemporaryFile(suffix=".json") as report:
            subprocess.run(
                [ROOT / ".build" / "release" / "visavis-bench", *map(str, words), *self.arguments,
                 "--json", report.name],
                env=self.environment, cwd=self.folder.name, check=False, capture_output=True)
            return json.loads(pathlib.Path(report.name).read_text() or "null")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()
        self.folder.cleanup()


LOADS = {
    "30x2": ["--rooms", 30, "--participants", 2], "10x2": ["--rooms", 10, "--participants", 2],
    "1x5": ["--rooms", 1, "--participants", 5],
    "1to20": ["--rooms", 1, "--participants", 1, "--viewers", 20],
}


def measure_server(options):
    runs = {case: [] for case in LOADS}
    for repetition in range(options.repeat):
        for case, words in LOADS.items():
            server = Server(options)
            try:
                report = server.bench("load", *words, "--seconds", options.server_seconds, "--quiet")
            finally:
                server.stop()
            if not report or not report.get("server"):
                say(f"  {NAMES[case]}: visavis-bench brought no report")
                continue
            if report["generator"]["isSaturated"]:
                say(f"  {NAMES[case]}: {report['generator']['reasons']}")
            runs[case].append(report)
            say(
                f"  {repetition + 1}/{options.repeat} {NAMES[case]:22} "
                f"{report['server']['cpuPerPacket']:6.2f} us, delay p99 "
                f"{report['delay']['p99']:.2f} ms")
    say("  sweep")
    server = Server(options)
    try:
        sweep = server.bench(
            "sweep", "--participants", 2, "--start", 50, "--seconds", 8, "--quiet")
    finally:
        server.stop()
    return runs, sweep


def measure_watching(options):
    """Two servers at the same time on the same core under the same load, one that watches quality and one
    that does not: what the machine does meanwhile, it does to both.
    """
    servers = {
        watches: Server(
            options, {"VISAVIS_QUALITY_WATCH": str(watches).lower()},
            (options.http_port + place, options.media_port + 10 * place))
        for place, watches in enumerate((True, False))
    }
    ratios = []
    try:
        for repetition in range(options.repeat):
            order = list(servers)[::1 if repetition % 2 else -1]
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                reports = dict(zip(order, pool.map(
                    lambda watches: servers[watches].bench(
                        "load", "--rooms", 20, "--participants", 2, "--ramp", 2,
                        "--seconds", options.server_seconds, "--quiet"), order)))
            if not all(report and report.get("server") for report in reports.values()):
                say("  visavis-bench brought no report")
                continue
            on, off = (reports[watches]["server"]["cpuPerPacket"] for watches in (True, False))
            ratios.append(on / off - 1)
            say(
                f"  {repetition + 1}/{options.repeat} watched {on:6.2f} us a packet, not watched "
                f"{off:6.2f}: {100 * ratios[-1]:+.1f} %")
    finally:
        for server in servers.values():
            server.stop()
    if not ratios:
        sys.exit("nothing was measured")
    say(
        f"watching costs {100 * statistics.median(ratios):+.1f} % (median of {len(ratios)}; "
        f"{100 * min(ratios):+.1f} to {100 * max(ratios):+.1f})")


def server_table(runs, sweep):
    def cell(case, read, digits=2):
        values = [value for value in map(read, runs[case]) if value is not None]
        return spread(values, digits) if values else ""

    def lost(report):
        return sum(report["delivery"][kind]["lost"] for kind in ("audio", "video"))

    lines = [
        "`visavis` with its defaults and one media worker, loaded by `visavis-bench load` (WebSocket, "
        "ICE, DTLS-SRTP, 1.5 Mbit/s VP8 and Opus a participant): medians and ranges. mediasoup 3.14 and "
        "Janus 1.1 were measured with the same media on a machine like it; an empty field was not "
        "measured.",
        "",
        "| CPU us a forwarded packet | goal | here | mediasoup | Janus |", "|---|---|---|---|---|",
    ]
    for case in LOADS:
        goal, mediasoup, janus = GOALS[case]
        value = cell(case, lambda r: r["server"]["cpuPerPacket"])
        lines.append(f"| {NAMES[case]} | {goal} | {value} | {mediasoup} | {janus} |")
    lines += ["", "| | goal | here | mediasoup | Janus |", "|---|---|---|---|---|"]
    lines += [
        f"| added delay p50 at 30 x 2, ms | 1.0 | {cell('30x2', lambda r: r['delay']['p50'])} "
        f"| 0.05 | 1.3 |",
        f"| added delay p99 at 30 x 2, ms | 3 | {cell('30x2', lambda r: r['delay']['p99'])} "
        f"| 0.7 | 21 |",
        f"| join to first packet p50 at 10 x 2, ms | 10 | "
        f"{cell('10x2', lambda r: r['joins']['firstPacket']['p50'], 1)} | | 65 |",
        f"| join to first packet p99 at 10 x 2, ms | 25 | "
        f"{cell('10x2', lambda r: r['joins']['firstPacket']['p99'], 1)} | | 79 |",
        f"| resident kB a participant at 30 x 2 | 250 | "
        f"{cell('30x2', lambda r: r['server']['residentPerParticipant'] / 1000, 0)} | 830 | 723 |",
        f"| most rooms x 2 on one core | 300 | {sweep['carried'] if sweep else ''} | about 140 | 33 |",
        f"| of the 66 calls at once that the `aphp-2022` busy hour needs room for | | "
        f"{min(sweep['carried'], 66) if sweep else ''} | | |",
        f"| lost in all runs | 0 | {sum(lost(r) for reports in runs.values() for r in reports)} | | |",
    ]
    return lines


# ---- the document


def write_block(name, title, lines):
    """Replaces what stands between the markers of a block; all else is left as it is."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    block = "\n".join([begin, f"*{machine()}*", "", *lines, end])
    text = DOCUMENT.read_text() if DOCUMENT.exists() else "# Performance\n"
    if begin in text and end in text:
        head, rest = text.split(begin, 1)
        text = head + block + rest.split(end, 1)[1]
    else:
        text = text.rstrip("\n") + f"\n\n## {title}\n\n{block}\n"
    DOCUMENT.write_text(text)
    say(f"wrote {title!r} of {DOCUMENT.relative_to(ROOT)}")


def keep(name, value):
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(value, indent=1))


def allocations():
    say("\n== allocations over 100 000 forwarded packets")
    done = subprocess.run(
        [PROGRAMS / "Allocations"], env={**os.environ, "LD_PRELOAD": str(COUNTER)}, check=False)
    return done.returncode == 0


def check_mode(options):
    say("\n== instructions and allocations")
    steps = count_steps()
    if options.set_thresholds:
        set_thresholds(steps)
    breaches = check(steps)
    for breach in breaches:
        say(f"above the threshold: {breach}")
    clean = allocations()
    say(f"\n{len(steps)} steps, {len(breaches)} above their thresholds; "
        f"allocations in the path of a packet: {'none' if clean else 'SOME'}")
    return 0 if clean and not breaches else 1


def main():
    parser = argparse.ArgumentParser(prog="Scripts/bench", description=__doc__)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--quick", action="store_true")
    mode.add_argument("--check", action="store_true")
    mode.add_argument("--full", action="store_true")
    mode.add_argument("--watching", action="store_true")
    parser.add_argument("--set-thresholds", action="store_true")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--tries", type=int, default=3, help="of a run that is disturbed")
    parser.add_argument("--hold", type=int, default=2000, help="microseconds that a packet may wait for others (media.coalesce)")
    parser.add_argument("--server-cpu", type=int, default=0)
    parser.add_argument("--cpu", type=int, default=1)
    parser.add_argument("--server-seconds", type=int, default=15)
    parser.add_argument("--http-port", type=int, default=18080)
    parser.add_argument("--media-port", type=int, default=15000)
    options = parser.parse_args()
    if options.check:
        return check_mode(options)
    if (os.cpu_count() or 1) < 2:
        say("one core: server and generator would measure each other")
        return 2
    if options.quick:
        options.repeat, options.seconds, options.tries = 1, 2, 1
    if options.watching:
        say(f"\n{machine()}\n\n== watching quality, 20 rooms x 2")
        measure_watching(options)
        return 0
    say(f"\n{machine()}\n\n== steps")
    times = micro()
    steps = {} if options.quick else count_steps()
    say("\n".join(steps_table(times, steps)))
    if options.set_thresholds:
        set_thresholds(steps)
    say("\n== relay and floor")
    cases = ["30x2", *SATURATING] if options.quick else PACED + SATURATING
    runs = side_by_side(cases, options)
    say("")
    say("\n".join(relay_table(runs, options)))
    live = generate("Relay", "30x2", options, preload=COUNTER)
    packets = live["forwardedPerSecond"] * options.seconds
    say(f"\nallocations of the relay with its socket and thread: {live['allocations']} over "
        f"{packets} forwarded packets")
    if options.quick:
        return 0
    keep("relay", runs)
    keep("steps", {"times": times, "steps": steps})
    write_block("relay", "Relay and floor", relay_table(runs, options) + [
        "", f"Allocations of the relay with its socket and thread at 30 rooms x 2: "
        f"{live['allocations']} over {packets} forwarded packets."])
    write_block("steps", "Each step", steps_table(times, steps))
    if options.full:
        say("\n== the server")
        reports, sweep = measure_server(options)
        keep("server", {"runs": reports, "sweep": sweep})
        lines = server_table(reports, sweep)
        say("\n".join(lines))
        write_block("server", "The server", lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
