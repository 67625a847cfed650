"""The administrator erases a listener: logs, sessions, conversation, profile; everybody else keeps theirs."""

from __future__ import annotations

from pathlib import Path

from web_serving import eventually, serving


def test_a_listener_is_erased(tmp_path: Path) -> None:
    """Logs are gone, every session has ended, and nothing of the conversation is left; dana's all stay."""
    with serving(tmp_path) as app:
        dana, lee = app.signed_in("dana"), app.signed_in("lee")
        lee_elsewhere = app.signed_in("lee")
        for client in (dana, lee, lee_elsewhere):
            assert client.post("/api/llm/simple/command", json={"command": "play some jazz"}).status_code == 200
        lee_id = lee.get("/api/auth/status").json()["userId"]
        eventually(lambda: app.log.health().spool.spooled == 0)
        logs = len(app.log.get_logs_by_user(lee_id))
        assert logs >= 2
        receipt = dana.post("/api/llm-logs/erase", json={"userId": lee_id}).json()
        assert (receipt["logs"], receipt["left"], receipt["host"]) == (logs, [], 2)
        assert app.log.get_logs_by_user(lee_id) == []
        for client in (lee, lee_elsewhere):
            assert client.get("/api/auth/status").json()["authenticated"] is False
        pseudonym = app.log.pseudonym(lee_id)
        client = app.log.redis_client()
        assert [key for key in client.scan_iter(match=f"*{pseudonym}*") if b"erased" not in key] == []
        assert app.log.get_logs_by_user(dana.get("/api/auth/status").json()["userId"])
        assert len(dana.get("/api/llm/simple/history").json()["history"]) == 1
        back = app.signed_in("lee")
        assert back.get("/api/llm/simple/history").json()["history"] == []


def test_only_the_administrator_may(tmp_path: Path) -> None:
    """A listener can erase nobody, not even themselves, and nothing happens."""
    with serving(tmp_path) as app:
        lee = app.signed_in("lee")
        lee_id = lee.get("/api/auth/status").json()["userId"]
        for path in ("erase", "export-user"):
            assert lee.post(f"/api/llm-logs/{path}", json={"userId": lee_id}).status_code == 403
            assert app.browser().post(f"/api/llm-logs/{path}", json={"userId": lee_id}).status_code == 401
        assert lee.get("/api/auth/status").json()["authenticated"] is True
