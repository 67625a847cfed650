"""A person's own price list: read, matched, refused with a sentence, and stronger than what is published."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from llmlog import Cost, Settings, SettingsError, Usage
from llmlog.cost.own_prices import OwnPrices
from llmlog.cost.pricing import PricedCall, Pricing

OCTOBER_MS = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp()) * 1000
LIST = """
[[price]]
model = "Local/Llama-70B"
provider = "my-gateway"
from = 2026-10-01
input = 1
output = 2
cached = 0.5
per_call = 0.25

[[price]]
model = "local/llama-70b"
input = 0.4
output = 1.2

[[price]]
model = "ft:gpt-4.1*:acme:*"
input = 3
output = 12

[[price]]
model = "gpt-4.1"
provider = "openai-direct"
input = 0.5
output = 0.5

[[price]]
model = "a[b]?"
input = 0
output = 0
"""


def listed(tmp_path: Path, text: str = LIST) -> OwnPrices:
    """A list, read from a file."""
    path = tmp_path / "prices.toml"
    path.write_text(text)
    return OwnPrices.read(path)


def cost(
    pricing: Pricing,
    model: str,
    provider: str | None = None,
    flow: str | None = None,
    at_ms: int = OCTOBER_MS,
    cached_tokens: int | None = None,
) -> Cost:
    """The cost of a million tokens each way."""
    usage = Usage(prompt_tokens=1_000_000, completion_tokens=1_000_000, cached_tokens=cached_tokens)
    return pricing.cost_of(PricedCall(model, provider, flow, at_ms, None, usage))


def test_the_list_wins_over_published_prices(tmp_path: Path) -> None:
    """What the list names has the list's price and version; what it does not has the published one."""
    own = listed(tmp_path)
    pricing = Pricing(own)
    assert own.version == f"override:{hashlib.sha256(LIST.encode()).hexdigest()[:12]}"
    assert cost(pricing, "gpt-4.1", "openai", "openai-direct") == Cost(
        usd=1.0, source="override", price_version=own.version
    )
    assert cost(pricing, "gpt-4.1", "openai", "other").source == "prices"
    assert [version.partition(":")[0].partition(" ")[0] for version in pricing.sources] == [
        "override", "genai-prices",
    ]  # fmt: skip


def test_the_first_that_fits_is_taken(tmp_path: Path) -> None:
    """Provider or flow, the day and the name must fit; letters of any case do."""
    pricing = Pricing(listed(tmp_path))
    assert cost(pricing, "local/llama-70b", "My-Gateway").usd == 3.25
    assert cost(pricing, "LOCAL/llama-70b", None, "my-gateway").usd == 3.25
    assert cost(pricing, "local/llama-70b", "my-gateway", cached_tokens=1_000_000).usd == 2.75
    assert cost(pricing, "local/llama-70b", "my-gateway", at_ms=OCTOBER_MS - 1).usd == 1.6
    assert cost(pricing, "local/llama-70b", "another").usd == 1.6
    assert cost(pricing, "local/llama-70b-chat", "my-gateway").usd is None


def test_a_star_stands_for_any_text_and_nothing_else_does(tmp_path: Path) -> None:
    """Only `*` is special, and the whole name must fit."""
    pricing = Pricing(listed(tmp_path))
    assert cost(pricing, "ft:gpt-4.1-2025-04-14:acme::abc").usd == 15
    assert cost(pricing, "ft:gpt-4.1:acme").usd is None
    assert cost(pricing, "x-ft:gpt-4.1:acme:").usd is None
    free = cost(pricing, "a[b]?")
    assert (free.usd, free.source) == (0.0, "override"), "a price of nothing is a known one"
    assert cost(pricing, "ab1").usd is None


BAD = [
    ("", "no [[price]]"),
    ("price = 3", "no [[price]]"),
    ("price = [3]", "price 1 is no table"),
    ("[[price]]\nmodel = 'm'\ninput = 1", "price 1 has no “output”"),
    ("[[price]]\nmodel = 'm'\noutput = 1", "price 1 has no “input”"),
    ("[[price]]\ninput = 1\noutput = 1", "“model” of price 1 must be a name"),
    ("[[price]]\nmodel = 7\ninput = 1\noutput = 1", "“model” of price 1 must be a name"),
    ("[[price]]\nmodel = 'm'\nprovider = ''\ninput = 1\noutput = 1", "“provider” of price 1 must be a name"),
    ("[[price]]\nmodel = 'm'\ninput = -1\noutput = 1", "“input” of price 1 must be a number of dollars"),
    ("[[price]]\nmodel = 'm'\ninput = nan\noutput = 1", "“input” of price 1 must be a number of dollars"),
    ("[[price]]\nmodel = 'm'\ninput = '1'\noutput = 1", "“input” of price 1 must be a number of dollars"),
    ("[[price]]\nmodel = 'm'\ninput = true\noutput = 1", "“input” of price 1 must be a number of dollars"),
    ("[[price]]\nmodel = 'm'\ninput = 1\noutput = 1\nfrom = '2026'", "“from” of price 1 must be a day"),
    ("[[price]]\nmodel = 'm'\ninput = 1\noutput = 1\nimput = 1", "price 1 has “imput”, which is none of"),
    ("prices = 3", "it has “prices”"),
    ("[[price]\n", "line 1"),
    ("\xff", "Invalid"),
]


@pytest.mark.parametrize(("text", "fault"), BAD)
def test_a_bad_list_stops_the_start_with_a_sentence(tmp_path: Path, text: str, fault: str) -> None:
    """The sentence names the variable and what is wrong with which price."""
    path = tmp_path / "prices.toml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"HOME": "/h", "LLMLOG_PRICES_FILE": str(path)})
    assert caught.value.variable == "LLMLOG_PRICES_FILE"
    assert fault in str(caught.value) or "decode" in str(caught.value)


def test_the_setting_leads_to_the_list(tmp_path: Path) -> None:
    """The file named is read at the start; one that is not there is told, and none is needed."""
    wanted = listed(tmp_path)
    environ = {"HOME": "/h", "LLMLOG_PRICES_FILE": str(tmp_path / "prices.toml")}
    assert Settings.from_environment(environ).own_prices == wanted
    assert Settings.from_environment({"HOME": "/h", "LLMLOG_PRICES_FILE": " "}).own_prices is None
    with pytest.raises(SettingsError, match=r"LLMLOG_PRICES_FILE names a file that cannot be read: .*No such file"):
        Settings.from_environment({**environ, "LLMLOG_PRICES_FILE": str(tmp_path / "none.toml")})


def test_nothing_is_loaded_before_a_price_is_asked_for() -> None:
    """Importing and making ready loads neither genai-prices nor the parser of lists; asking does, offline."""
    program = """
import sys
import llmlog
from llmlog.cost.pricing import PricedCall, Pricing
pricing = Pricing()
assert not {"genai_prices", "pydantic", "tomllib"} & sys.modules.keys()
def refused(event, arguments):
    assert event not in ("socket.connect", "socket.getaddrinfo"), (event, arguments)
sys.addaudithook(refused)
usage = llmlog.Usage(prompt_tokens=1, completion_tokens=1)
found = pricing.cost_of(PricedCall("gpt-4.1", "openai", None, 1_790_000_000_000, None, usage))
assert found.source == "prices", found
assert "genai_prices" in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_without_the_extra_costs_are_unknown(tmp_path: Path) -> None:
    """Where genai-prices are not installed only the own list knows prices, and nothing fails."""
    (tmp_path / "prices.toml").write_text(LIST)
    program = f"""
import sys
sys.modules["genai_prices"] = None
from pathlib import Path
from llmlog import Usage
from llmlog.cost.own_prices import OwnPrices
from llmlog.cost.pricing import PricedCall, Pricing
usage = Usage(prompt_tokens=1, completion_tokens=1)
call = PricedCall("gpt-4.1", "openai", "openai-direct", 1_790_000_000_000, None, usage)
assert Pricing().cost_of(call).source == "unknown"
assert Pricing().sources == []
own = OwnPrices.read(Path({str(tmp_path / "prices.toml")!r}))
assert Pricing(own).cost_of(call).source == "override"
assert Pricing(own).sources == [own.version]
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
