"""What the figures were measured on and with."""

import os
import pathlib
import platform
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def cpu_facts():
    facts = {}
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        facts.setdefault(key.strip(), value.strip())
    flags = facts.get("flags", "").split()
    shown = ["avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile"]
    return {
        "cpu": facts.get("model name", platform.processor()),
        "cpu_family_model": f"{facts.get('cpu family')}/{facts.get('model')}",
        "cpu_flags": [flag for flag in shown if flag in flags],
        "logical_cpus": os.cpu_count(),
    }


def last_level_cache_bytes():
    sizes = []
    for path in pathlib.Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        text = path.read_text().strip()
        sizes.append(int(text.rstrip("KMG")) << {"K": 10, "M": 20, "G": 30}.get(text[-1], 0))
    return max(sizes, default=0)


def build_library(folder, build, *options):
    """The path of the C interface's library in a build folder."""
    if build:
        print(f"building halfbyte in {folder}", file=sys.stderr, flush=True)
        configure = ["cmake", "-S", ROOT, "-B", folder, "-DCMAKE_BUILD_TYPE=Release"]
        configure += options
        target = ["--target", "halfbyte_bench_c", "-j", os.cpu_count()]
        for command in (configure, ["cmake", "--build", folder, *target]):
            subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    built = folder / "bench/capi/libhalfbyte_bench_c.so"  # builds with sanitizers lie below `folder`
    if not built.exists():
        raise SystemExit(f"{folder}: no libhalfbyte_bench_c.so; run without --no-build")
    return built


def commit():
    """What HALFBYTE_COMMIT says, of a tree without its history; else the commit, ending in -dirty
    when a tracked file differs from it."""
    if os.environ.get("HALFBYTE_COMMIT"):
        return os.environ["HALFBYTE_COMMIT"]
    run = lambda *command: subprocess.run(
        ["git", "-C", str(ROOT), *command], capture_output=True, text=True
    ).stdout.strip()
    # Results are written by the run itself.
    changed = run("status", "--porcelain", "--untracked-files=no", "--", ".", ":!bench/results")
    commit = run("rev-parse", "--short=12", "--verify", "-q", "HEAD")
    return commit + ("-dirty" if changed else "") if commit else "unknown"


def command_line():
    """What was typed: paths within the project from its root, of others the name alone."""
    shown = []
    for word in sys.argv[1:]:
        path = pathlib.Path(word)
        if path.is_absolute():
            word = str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name
        shown.append(word)
    return " ".join([pathlib.Path(sys.argv[0]).name, *shown])


def header(threads, seconds, rotate_bytes):
    return {
        **cpu_facts(),
        "last_level_cache_bytes": last_level_cache_bytes(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "threads": threads,
        "seconds_per_cell": seconds,
        "rotate_bytes": rotate_bytes,
        "commit": commit(),
        "command": command_line(),
    }
