"""A receiver as a process of its own, for tests that watch it from outside: prints `ready`, ends when stdin closes."""

import sys
from pathlib import Path

from stream.dicom.gateway.receiver import Receiver
from stream.dicom.gateway.spool import Spool
from stream.settings import Settings


def main(folder: Path, port: int) -> None:
    settings = Settings(data_dir=folder, dicom_port=port)
    spool = Spool(settings.spool)
    spool.open()
    receiver = Receiver(settings, spool, on_kept=lambda: None)
    receiver.start()
    print("ready", flush=True)
    sys.stdin.read()
    receiver.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
