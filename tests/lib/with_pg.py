#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command beside a PostgreSQL of its own, from the distribution's package, in a folder that
is gone afterwards: with_pg.py [--durable] COMMAND…  The command finds PL_TEST_PG (a login that owns
the database), PL_TEST_PG_WORKER, PL_TEST_PG_OTHER and PL_TEST_PG_READER (logins without rights),
PL_TEST_PSQL and PL_TEST_PG_SUPER. Where there is no PostgreSQL it runs without them."""
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

LOGINS = ("plowner", "plworker", "plother", "plreader")


def programs():
    """The folder of initdb and postgres, or None."""
    path = shutil.which("postgres")
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=len)
    return os.path.dirname(os.path.realpath(path or found[-1])) if path or found else None


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A server with a database `plimsoll`, owned by the login plowner."""

    def __init__(self, durable=False):
        self.bin = programs()
        # the folder of a test run is for its owner alone, and the server runs as another
        self.dir = tempfile.mkdtemp(prefix="pl-pg-", dir=None if os.getuid() else "/tmp")
        self.durable = durable
        self.port = free_port()
        self.user = None  # the server refuses to run as root
        if os.getuid() == 0:
            names = [u.pw_name for u in pwd.getpwall()]
            self.user = "postgres" if "postgres" in names else "nobody"
            shutil.chown(self.dir, self.user)
        self.data = os.path.join(self.dir, "data")
        self.child = None

    def as_user(self, args):
        if self.user:
            group = str(pwd.getpwnam(self.user).pw_gid)
            return ["setpriv", "--reuid", self.user, "--regid", group, "--clear-groups"] + args
        return args

    def make(self):
        env = dict(os.environ, LC_ALL="C.UTF-8")
        initdb = [self.bin + "/initdb", "-D", self.data, "-U", "super", "-A", "trust", "-N", "-E",
                  "UTF8", "--no-instructions"]
        subprocess.run(self.as_user(initdb), check=True, stdout=subprocess.DEVNULL, env=env,
                       cwd=self.dir)
        hba = os.path.join(self.data, "pg_hba.conf")
        with open(hba, "w") as f:  # over the network with a password, as elsewhere
            f.write("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        with open(os.path.join(self.data, "postgresql.conf"), "a") as f:
            f.write("listen_addresses = '127.0.0.1'\nport = %d\nunix_socket_directories = '%s'\n"
                    "shared_buffers = 128MB\nmax_connections = 100\n" % (self.port, self.dir))
            if not self.durable:
                f.write("fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n")

    def start(self, first=False):
        """After a crash the processes of the old server may still be on their way out; a port
        that was free may be taken by now."""
        for attempt in range(40):
            try:
                return self.start_once()
            except RuntimeError:
                if attempt == 39:
                    raise
                if first:
                    self.port = free_port()
                time.sleep(0.5)

    def start_once(self):
        log = open(os.path.join(self.dir, "log"), "ab")
        self.child = subprocess.Popen(self.as_user([self.bin + "/postgres", "-D", self.data, "-p",
                                                    str(self.port)]),
                                      stdout=log, stderr=log, cwd=self.dir,
                                      start_new_session=True)
        for _ in range(2400):
            ask = [self.bin + "/pg_isready", "-q", "-h", self.dir, "-p", str(self.port)]
            if subprocess.run(ask, check=False).returncode == 0:
                return
            if self.child.poll() is not None:
                break
            time.sleep(0.05)
        with open(os.path.join(self.dir, "log"), encoding="utf-8", errors="replace") as f:
            raise RuntimeError("PostgreSQL does not start: " + f.read()[-2000:])

    def kill(self, sig=signal.SIGKILL):
        """Ends the server and what it started, as a crash would."""
        self.child.send_signal(sig)
        self.child.wait()

    def sql(self, text, db="plimsoll", user="super"):
        psql = [self.bin + "/psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-h", self.dir, "-p",
                str(self.port), "-U", user, "-d", db, "-c", text]
        return subprocess.run(psql, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout.decode()

    def url(self, user="plowner"):
        return "postgresql://%s@/plimsoll?host=%s&port=%d" % (user, self.dir, self.port)

    def prepare(self):
        for name in LOGINS:
            self.sql("CREATE ROLE %s LOGIN PASSWORD 'right'" % name, "postgres")
        self.sql("CREATE DATABASE plimsoll OWNER plowner", "postgres")

    def __enter__(self):
        try:
            self.make()
            self.start(first=True)
            self.prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.child and self.child.poll() is None:
            self.kill(signal.SIGQUIT)
        shutil.rmtree(self.dir, ignore_errors=True)


def main():
    args = sys.argv[1:]
    durable = args[:1] == ["--durable"]
    args = args[durable:]
    if not programs():
        print("# skip: postgresql: no PostgreSQL server on this machine", flush=True)
        sys.exit(subprocess.run(args, check=False).returncode)
    with Server(durable) as s:
        env = dict(os.environ, PL_TEST_PG=s.url(), PL_TEST_PG_WORKER=s.url("plworker"),
                   PL_TEST_PG_OTHER=s.url("plother"), PL_TEST_PG_READER=s.url("plreader"),
                   PL_TEST_PG_SUPER=s.url("super"), PL_TEST_PSQL=s.bin + "/psql")
        sys.exit(subprocess.run(args, check=False, env=env).returncode)


if __name__ == "__main__":
    main()
