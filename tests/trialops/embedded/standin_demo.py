"""The demo with small stand-ins for Django's processes; databases, sink and supervisor are the real ones."""

import json
import sys

from trialops.embedded import demo
from trialops.embedded.state import State

WEB = """
import http.server, sys
class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Healthy).serve_forever()
"""
# A worker with a child of its own, which ignores polite requests to end.
WORKER = """
import signal, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"])
time.sleep(600)
"""
SETUP = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS starts (at timestamptz DEFAULT now())")
    connection.execute("INSERT INTO starts DEFAULT VALUES")
"""


def stand_in(state: State, port: int) -> demo.Programs:
    note = {
        "sign_ins": [{"role": "study manager", "username": "manager", "password": "a-password"}],
        "token": "a-token",
        "api_path": "/api/v1/studies/NCT03464916/enrollment/",
        "mail_path": "/demo/mail/",
    }
    state.demo_file.write_text(json.dumps(note))
    return demo.Programs(
        setup={"migrate": [sys.executable, "-c", SETUP]},
        applications={
            "web": ([sys.executable, "-c", WEB, str(port)], lambda _: demo.web_answers(port)),
            "worker": ([sys.executable, "-c", WORKER], lambda _: True),
        },
    )


if __name__ == "__main__":
    sys.exit(demo.main(stand_in))
