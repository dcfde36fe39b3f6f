"""Werkzeug's request handler, made to keep connections: it closes each after one answer, as StandCloud does not."""

from __future__ import annotations

from werkzeug.serving import WSGIRequestHandler
from werkzeug.wrappers import Response


class KeepAliveHandler(WSGIRequestHandler):
    """Serves one request after the other on a connection. The application must read each request to its end."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answers one request."""
        response = Response.from_app(self.server.app, self.make_environ(), buffered=True)
        body = response.get_data()
        try:
            self.send_response(response.status_code)
            for name, value in response.headers.items():
                if name != "Content-Length":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            if response.status_code == 413:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True  # the client went away, or the connection was dropped on purpose

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Nothing: what the stand-in was sent is asked for by its own calls."""
