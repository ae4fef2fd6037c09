"""The command line of the service: what it prints, refuses and waits for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
from sqlalchemy import text

from api.app import prepare
from api.settings import Settings
from api.storage.database import Database
from tests.api.conftest import PASSWORD
from tests.api.processes import environment, free_port, is_alive, process, wait_for


def run(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "api.serve", *arguments]
    return subprocess.run(
        command, env=environment(url), capture_output=True, text=True, timeout=120
    )


def test_a_fresh_installation_prints_its_address_and_a_link_that_works(tmp_path: Path) -> None:
    port = free_port()
    env = environment("", workers=0)
    del env["KASPER_DATABASE_URL"]
    command = [sys.executable, "-m", "api.serve", "serve", "--port", str(port)]
    command += ["--data", str(tmp_path / "data")]
    server = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        assert server.stdout.readline() == f"Kasper is at http://127.0.0.1:{port}\n"
        link = server.stdout.readline().split()[-1]
        assert link.startswith(f"http://127.0.0.1:{port}/welcome/")

        def page() -> httpx.Response | None:
            try:
                return httpx.get(link)
            except httpx.TransportError:
                return None

        found = wait_for(page)
        assert found.status_code == 200 and "password" in found.text.lower()
        assert (tmp_path / "data" / "kasper.db").exists()
    finally:
        server.terminate()
        assert server.wait(60) == 0
        server.stdout.close()


def test_older_tables_are_not_touched_by_a_start(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kasper.db'}"
    prepare(Settings(_env_file=None, database_url=url))
    database = Database(url)
    with database.session() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    database.close()
    ended = run(url, "serve")
    assert ended.returncode == 2 and "kasper migrate" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_database_that_is_not_there_is_said_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://kasper:{PASSWORD.replace(' ', '')}@127.0.0.1:{free_port()}/kasper"
    for verb in ("serve", "migrate"):
        ended = run(url, verb)
        assert ended.returncode == 1 and "does not answer" in ended.stderr
        assert "battery" not in ended.stderr and "Traceback" not in ended.stderr


def test_a_worker_waits_for_its_tables_and_stops_with_its_parent(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kasper.db'}"
    env = environment(url)
    with process(env, "worker") as worker:
        wait_for(lambda: (tmp_path / "kasper.db").exists())
        assert worker.poll() is None
        worker.terminate()
        assert worker.wait(60) == 0
    # a parent that starts a worker and dies at once
    parent = (
        "import os, subprocess, sys\n"
        "env = os.environ | {'KASPER_PARENT': str(os.getpid())}\n"
        "command = [sys.executable, '-m', 'api.serve', 'worker']\n"
        "print(subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL).pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    command = [sys.executable, "-c", parent]
    started = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    pid = int(started.stdout)
    assert pid != os.getpid()
    wait_for(lambda: not is_alive(pid))
