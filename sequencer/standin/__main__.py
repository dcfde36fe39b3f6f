"""``python -m sequencer.standin``: serves the stand-in until Ctrl-C."""

from __future__ import annotations

import argparse

from sequencer.standin.service import make_server


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m sequencer.standin", description="A stand-in for StandCloud.")
    parser.add_argument("--host", default="127.0.0.1", help="loopback only")
    parser.add_argument("--port", type=int, default=9000, help="0 takes a free one")
    parser.add_argument("--api-key", default=None, help="the only key it takes; without it, any key")
    given = parser.parse_args(arguments)
    try:
        server = make_server(given.host, given.port, given.api_key)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    print(f"READY http://{given.host}:{server.port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


if __name__ == "__main__":
    main()
