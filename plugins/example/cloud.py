"""A small cloud on loopback, of servers and disks, for the plugin beside it: `python3 cloud.py [PORT]`."""

import json
import sys
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "example-token-4711"
THINGS: dict[str, dict[str, dict]] = {"servers": {}, "disks": {}}


class Cloud(BaseHTTPRequestHandler):
    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        path, _, query = self.path.partition("?")
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.say(401, error("BadToken", "this is not a token of ours"))
        servers, disks = THINGS["servers"], THINGS["disks"]
        match (self.command, *path.removeprefix("/v1/").split("/")):
            case ("GET", kind) if kind in THINGS:
                named = [id for id, thing in THINGS[kind].items() if query in ("", f"name={thing['name']}")]
                self.say(200, [{"id": id} for id in named])
            case ("POST", kind) if kind in THINGS:
                id = uuid.uuid4().hex[:8]
                THINGS[kind][id] = {**json.loads(body), "state": "building", "disks": []}
                self.say(201, {"id": id})
            case ("GET", kind, id) if id in THINGS.get(kind, {}):
                thing = THINGS[kind][id]
                self.say(200, {"id": id, "state": thing["state"], "disks": thing["disks"]})
                if thing.get("size") != "stuck":
                    thing["state"] = "running"  # It boots until the second look.
            case ("DELETE", kind, id) if id in THINGS.get(kind, {}):
                del THINGS[kind][id]
                self.say(204)
            case ("GET", "servers", id, "user_data") if id in servers:
                self.say(200, servers[id]["user_data"])
            case ("PUT", "servers", id, "disks", disk) if id in servers and disk in disks:
                attached = servers[id]["disks"]
                attached.extend([] if disk in attached else [disk])
                self.say(200, {"device": f"/dev/vd{'bcdefgh'[attached.index(disk)]}"})
            case ("DELETE", "servers", id, "disks", disk) if disk in servers.get(id, {}).get("disks", []):
                servers[id]["disks"].remove(disk)
                self.say(204)
            case _:
                self.say(404, error("NotFound", f"there is no {path}"))

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def say(self, status: int, answer: object = None) -> None:
        text = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def error(code: str, message: str) -> dict:
    return {"error": {"code": code, "message": message}}


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Cloud)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
