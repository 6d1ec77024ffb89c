"""Runs one command and writes what it cost into a JSON file: run-measured.py REPORT COMMAND [ARGUMENT...]

Node cannot see a finished child's resource usage, so this small parent waits for the child. Standard input, output and
error are passed on untouched. The exit status of this script is 0 whenever the command could be started; the command's
own status is in the report.

  wallSeconds          from just before the start to the exit
  userSeconds, systemSeconds   of the command and of every descendant that it waited for
  peakMemoryBytes      the largest of: the highest resident size of one process (exact, from the kernel), and the sum over
                       the process tree (sampled five times a second while there is more than one process)
  readBytes, writtenBytes              through system calls, whether cached or not
  deviceReadBytes, deviceWrittenBytes  that had to come from or go to the disk
  otherCpuCores        cores that everything else on the machine kept busy meanwhile: above ~0.1 the row is disturbed
"""
import json
import os
import signal
import sys
import threading
import time

SAMPLE_SECONDS = 0.2
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def machine_busy_seconds():
    with open("/proc/stat") as file:
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND


def descendants(pid):
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children") as file:
            for child in file.read().split():
                found.append(child)
                found.extend(descendants(child))
    return found


def tree_resident_bytes(pid):
    """Resident bytes of the process tree, or 0 when it is a single process, which the kernel measures better."""
    try:
        children = descendants(pid)
        if not children:
            return 0
        pages = 0
        for process in [pid, *children]:
            with open(f"/proc/{process}/statm") as file:
                pages += int(file.read().split()[1])
        return pages * PAGE_BYTES
    except (OSError, IndexError):
        return 0  # A process ended between two reads; the next sample counts it.


def read_io(pid):
    """The zombie's counters: they include its threads and the children that it waited for."""
    with open(f"/proc/{pid}/io") as file:
        return {key: int(value) for key, value in (line.split(":") for line in file)}


def main():
    report_path, command = sys.argv[1], sys.argv[2:]
    tree_peak_bytes = 0
    finished = threading.Event()

    def sample(pid):
        nonlocal tree_peak_bytes
        while not finished.wait(SAMPLE_SECONDS):
            tree_peak_bytes = max(tree_peak_bytes, tree_resident_bytes(pid))

    busy_before = machine_busy_seconds()
    started_ns = time.monotonic_ns()
    # Python ignores SIGPIPE and SIGXFSZ; the command must start with the usual dispositions.
    pid = os.posix_spawnp(
        command[0], command, os.environ, setsigdef=[signal.SIGPIPE, signal.SIGXFSZ]
    )
    sampler = threading.Thread(target=sample, args=(pid,), daemon=True)
    sampler.start()
    # The child is left as a zombie at first: its input/output counters can be read only before it is reaped.
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    wall_seconds = (time.monotonic_ns() - started_ns) / 1e9
    busy_seconds = machine_busy_seconds() - busy_before
    finished.set()
    counters = read_io(pid)
    _, status, usage = os.wait4(pid, 0)
    other_seconds = max(0.0, busy_seconds - usage.ru_utime - usage.ru_stime)
    report = {
        "exitStatus": os.waitstatus_to_exitcode(status),
        "wallSeconds": wall_seconds,
        "userSeconds": usage.ru_utime,
        "systemSeconds": usage.ru_stime,
        "peakMemoryBytes": max(usage.ru_maxrss * 1024, tree_peak_bytes),
        "readBytes": counters["rchar"],
        "writtenBytes": counters["wchar"],
        "deviceReadBytes": counters["read_bytes"],
        "deviceWrittenBytes": counters["write_bytes"],
        "otherCpuCores": other_seconds / wall_seconds,
    }
    with open(report_path, "w") as file:
        json.dump(report, file)


main()
