"""Runs ``python -m schemas.export``."""

import sys

from schemas.export.generated_files import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
