"""The real server process, spoken to over its pipes; jobs are in test_server_jobs.py."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from mf_backend.protocol.messages import MAX_LINE, PROTOCOL
from tests.backend.tiny_job import (
    Backend,
    backend_environment,
    gone_after,
    is_alive,
    kill,
    write_clip,
)


def test_handshake_says_what_is_here(server: Backend) -> None:
    client = {"name": "test", "version": "0", "new_field": 1}
    result = server.answer(server.ask("initialize", protocol=PROTOCOL, client=client, unknown=[1]))[
        "result"
    ]
    assert result["protocol"] == PROTOCOL
    assert result["python"].startswith(f"{sys.version_info.major}.{sys.version_info.minor}")
    assert "numpy" in result["versions"]
    assert [d["id"] for d in result["devices"]][-1] == "cpu"
    assert result["memory"]["total_bytes"] > result["memory"]["free_bytes"] > 0
    engines = {engine["name"]: engine for engine in result["engines"]}
    assert set(engines) == {"preview", "motionfollower", "sample"}
    for engine in engines.values():
        assert engine["label"]
        assert all(set(lack) == {"what", "how"} for lack in engine["missing"])


def test_memory_need_of_both_engines(server: Backend) -> None:
    def need(engine: str, side: int, **settings: object) -> dict[str, object]:
        told = server.answer(
            server.ask(
                "memory/need", engine=engine, width=side, height=side, count=24, settings=settings
            )
        )
        return dict(told.get("result") or told["error"]["data"])

    small, large = need("preview", 512), need("preview", 2048)
    assert 0 < int(str(small["needed_bytes"])) < int(str(large["needed_bytes"]))
    assert int(str(small["free_bytes"])) > 0
    assert small["fits"] is True
    # A picture that no computer has the memory for: the answer says so, and is no error.
    huge = need("preview", 200_000)
    assert huge["fits"] is False and int(str(huge["needed_bytes"])) > int(str(huge["free_bytes"]))
    # The processor sets no limit, so each preset has an answer.
    told = [need("motionfollower", 512, memory=name, device="cpu") for name in ("6", "24")]
    assert int(str(told[0]["needed_bytes"])) < int(str(told[1]["needed_bytes"]))
    assert [item["preset"] for item in told] == ["6", "24"]
    for item in told:
        assert item["fits"] == (int(str(item["needed_bytes"])) <= int(str(item["free_bytes"])))
        if item["fitting_preset"]:
            assert 0 < int(str(item["fitting_bytes"])) <= int(str(item["free_bytes"]))
    tight = need("motionfollower", 512, memory="6", device="cpu", moving_camera=True)
    assert int(str(tight["needed_bytes"])) > int(str(told[0]["needed_bytes"]))
    assert need("preview", 0)["code"] == "usage"
    assert need("other", 8)["code"] == "engine-unknown"
    assert need("motionfollower", 512, memory="7")["field"] == "settings.memory"


def test_another_protocol_is_named(server: Backend) -> None:
    error = server.answer(server.ask("initialize", protocol=99))["error"]
    assert error["code"] == -32001
    assert "99" in error["message"] and str(PROTOCOL) in error["message"]
    assert error["data"]["hint"] and error["data"]["exit_code"] == 2


def test_bad_lines_are_answered_and_skipped(server: Backend) -> None:
    server.write(b"this is no json\n\n[1]\n{}\n" + b'"' + b"x" * (3 * MAX_LINE) + b'"\n')
    server.write(
        b'{"id": 1.5, "method": "shutdown"}\n{"id": 9, "method": "job/run", "params": 3}\n'
    )
    server.write(b'{"id": "a", "method": "no/such"}\n{"method": "no/such/notice"}\n')
    server.write(b'{"jsonrpc": "2.0", "id": 4, "result": {}}\n')
    number = server.ask("initialize", protocol=PROTOCOL)
    assert "result" in server.answer(number)
    answers = [message for _, message in server.heard[:-1]]
    codes = [(message["id"], message["error"]["code"]) for message in answers]
    assert codes == [
        (None, -32700),
        (None, -32600),
        (None, -32600),
        (None, -32002),
        (None, -32600),
        (9, -32602),
        ("a", -32601),
    ]


def test_requests_that_cannot_be_met(server: Backend, odd_path: Path) -> None:
    for method, params, code in (
        ("job/run", {}, "usage"),
        ("job/run", {"folder": str(odd_path)}, "job-missing"),
        ("job/cancel", {}, "usage"),
        ("clip/probe", {}, "usage"),
        ("clip/probe", {"path": str(odd_path / "none.mp4")}, "clip-missing"),
    ):
        error = server.answer(server.ask(method, **params))["error"]
        assert error["data"]["code"] == code
        assert error["data"]["exit_code"] == 2
        assert error["message"].endswith(".")
    assert server.answer(server.ask("job/cancel", id="nobody"))["result"] == {
        "id": "nobody",
        "known": False,
    }


def test_probe(server: Backend, odd_path: Path) -> None:
    write_clip(odd_path, 3, (96, 128))
    result = server.answer(server.ask("clip/probe", path=str(odd_path / "clip"), fps=23.976))
    facts = result["result"]
    assert facts["fps"] == [24000, 1001]
    assert (facts["kind"], facts["width"], facts["height"], facts["count"]) == (
        "images",
        96,
        128,
        3,
    )


def test_end_of_input_ends_it_cleanly(server: Backend) -> None:
    server.answer(server.ask("initialize", protocol=PROTOCOL))
    begun = time.monotonic()
    assert server.close() == 0
    assert time.monotonic() - begun < 2


def test_shutdown_is_answered_and_ends_it(server: Backend) -> None:
    assert server.answer(server.ask("shutdown"))["result"] == {}
    assert server.process.wait(3) == 0


def test_a_client_that_stops_listening_ends_it() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "mf_backend", "serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=backend_environment(),
    )
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    process.stdout.close()
    process.stdin.write(b'{"id": 1, "method": "no/such"}\n')
    process.stdin.flush()
    try:
        assert process.wait(5) == 0
        assert b"Traceback" not in process.stderr.read()
    finally:
        process.kill()
        process.stdin.close()
        process.stderr.close()


def test_killing_the_client_ends_the_backend(odd_path: Path) -> None:
    """A client that is killed has no time to say anything; its pipes just close."""
    client = odd_path / "client.py"
    client.write_text(
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'mf_backend', 'serve'],\n"
        "    stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n",
        encoding="utf-8",
    )
    process = subprocess.Popen(
        [sys.executable, str(client)], stdout=subprocess.PIPE, env=backend_environment()
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    time.sleep(1)
    assert is_alive(child)
    kill(process)
    assert gone_after(child) < 5


def test_what_libraries_print_does_not_reach_the_client(odd_path: Path) -> None:
    """Python and C code that print to stdout, and children that inherit it, reach stderr."""
    script = (
        "import os, sys\n"
        "from mf_backend.cli.streams import claim_stdout\n"
        "ours = claim_stdout()\n"
        "print('from python')\n"
        "os.write(1, b'from c\\n')\n"
        "os.system('echo from a child')\n"
        "ours.write(b'{}\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, env=backend_environment(), check=True
    )
    assert json.loads(done.stdout) == {}
    for words in (b"from python", b"from c", b"from a child"):
        assert words in done.stderr
