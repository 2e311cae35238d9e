# SPDX-License-Identifier: Apache-2.0
"""A registry on loopback, in a process of its own, that serves OCI layouts and is far away: each
answer takes a round trip, each blob as long as a slow line would. One thread, many clients."""
import asyncio
import json
import multiprocessing
import os

OCI = "application/vnd.oci.image."


class Images:
    def __init__(self, folder):
        self.folder = folder
        self.names = {}
        self.blobs = {}
        for name in os.listdir(folder):
            index = os.path.join(folder, name, "index.json")
            if not os.path.exists(index):
                continue
            with open(index, "rb") as f:
                self.names[name] = json.load(f)["manifests"][0]["digest"]
            blobs = os.path.join(folder, name, "blobs", "sha256")
            for blob in os.listdir(blobs):
                self.blobs["sha256:" + blob] = os.path.join(blobs, blob)

    def find(self, path):
        """(what it is, its type, its bytes) of a path below /v2/, or None."""
        part = path.strip("/").split("/")
        if len(part) != 3 or part[0] not in self.names:
            return None
        digest = self.names[part[0]] if part[1:] == ["manifests", "1"] else part[2]
        if digest not in self.blobs or part[1] not in ("manifests", "blobs"):
            return None
        with open(self.blobs[digest], "rb") as f:
            body = f.read()
        if part[1] == "manifests":
            kind = json.loads(body).get("mediaType", OCI + "manifest.v1+json")
            return "manifest", kind, body, digest
        return "blob", "application/octet-stream", body, digest


class Registry:
    """Runs while the block does; `port`, and `counts()` of what was asked for."""

    def __init__(self, folder, trip=0.0, blob=0.0, small=4096):
        self.args = (folder, trip, blob, small)

    def __enter__(self):
        here, there = multiprocessing.Pipe()
        self.pipe = here
        self.child = multiprocessing.get_context("fork").Process(
            target=lambda: asyncio.run(serve(there, *self.args)), daemon=True)
        self.child.start()
        self.port = here.recv()
        return self

    def ask(self, what):
        self.pipe.send(what)
        return self.pipe.recv()

    def counts(self):
        """{digest: how often its blob was sent}, and the most requests at one moment."""
        return self.ask("counts")

    def slow(self, trip, blob):
        """From now on."""
        return self.ask((trip, blob))

    def __exit__(self, *_):
        self.child.kill()
        self.child.join()


async def serve(pipe, folder, trip, blob, small):
    images = Images(folder)
    sent, state = {}, {"now": 0, "most": 0, "trip": trip, "blob": blob}

    async def client(reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                method, path, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
                state["now"] += 1
                state["most"] = max(state["most"], state["now"])
                await answer(writer, method, path)
                state["now"] -= 1
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def answer(writer, method, path):
        found = images.find(path[3:]) if path.startswith("/v2/") else None
        wait = state["trip"]
        if path in ("/v2/", "/v2"):
            found = "ping", "application/json", b"{}", ""
        elif found and found[0] == "blob" and len(found[2]) >= small:
            wait += state["blob"]
        if wait:
            await asyncio.sleep(wait)
        none = "404 Not Found", "text/plain", b"no\n", ""
        status, kind, body, digest = ("200 OK",) + found[1:] if found else none
        if found and found[0] == "blob":
            sent[digest] = sent.get(digest, 0) + 1
        head = "HTTP/1.1 %s\r\nContent-Type: %s\r\n" % (status, kind)
        head += "Content-Length: %d\r\n" % len(body)
        if digest:
            head += "Docker-Content-Digest: %s\r\n" % digest
        writer.write(head.encode() + b"\r\n" + (b"" if method == "HEAD" else body))
        await writer.drain()

    def asked():
        what = pipe.recv()
        if what == "counts":
            pipe.send((dict(sent), state["most"]))
        else:
            state["trip"], state["blob"] = what
            pipe.send(None)

    server = await asyncio.start_server(client, "127.0.0.1", 0, backlog=512)
    pipe.send(server.sockets[0].getsockname()[1])
    asyncio.get_running_loop().add_reader(pipe.fileno(), asked)
    await server.serve_forever()
