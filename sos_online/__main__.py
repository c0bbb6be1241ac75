"""``python -m sos_online`` is the same as ``sos-online``."""

from sos_online.cli.main import main

if __name__ == "__main__":
    main()
