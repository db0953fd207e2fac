"""Starts the learner that trains on what the jobs record: `python -m jobs.learn` is `microadjust learn`, with its options.

It is a service beside the cluster, not a Flink job, and no TaskManager needs it (decision 70). The command line takes this
process over, so that signals reach it.
"""

import os
import sys


def main() -> None:
    os.execv(sys.executable, [sys.executable, "-m", "infra.cli", "learn", *sys.argv[1:]])


if __name__ == "__main__":
    main()
