"""``python -m infra.cli`` is ``microadjust``."""

from infra.cli.main import main

main()
