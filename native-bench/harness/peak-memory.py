"""Runs a program and prints the peak memory of the largest process it waited for, in KiB, on the last line."""
import resource
import subprocess
import sys

status = subprocess.run(sys.argv[1:], stdout=sys.stderr, check=False).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
