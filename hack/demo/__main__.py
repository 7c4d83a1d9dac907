"""The tour: three orders on the embedded platform, as a client of its gateway. ``make demo`` runs it.

It starts the platform if it is not up, prints every command that it runs, and exits with 0 only if one saga succeeded,
two were compensated, and stock and money add up.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hack.demo.terminal import CommandFailed, Terminal
from hack.embedded.platform import Platform, open_platform

ORDERS = {
    "declined": ("lute", "pm_declined", "Compensated"),
    "no-stock": ("horn", "pm_ok", "Compensated"),
    "approved": ("lute", "pm_slow", "Succeeded"),
}
"""name -> product, payment method, how its saga ends"""


def token(terminal: Terminal, name: str, client: str) -> None:
    """Client credentials through the gateway."""
    terminal.assign(
        name,
        f'curl -fsS -u "{client}:$(make -s secret CLIENT={client})" -d grant_type=client_credentials '
        f"""$GATEWAY/oauth/token | sed -E 's/.*"access_token": ?"([^"]+)".*/\\1/'""",
    )


def place(terminal: Terminal, sku: str, method: str) -> str:
    """One order; its id."""
    body = json.dumps({"lines": [{"sku": sku, "quantity": 1}], "paymentMethod": method})
    answer = terminal.run(
        f'curl -fsS $GATEWAY/v1/orders -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: {uuid.uuid4().hex[:12]}" '
        f"-H 'Content-Type: application/json' -d '{body}'",
        show=_beginning,
    )
    return str(json.loads(answer)["id"])


def phase(terminal: Terminal, order: str) -> str:
    """What the order's saga says now; empty while there is none."""
    command = f"kubectl get saga order-{order} -n shop --ignore-not-found -o jsonpath='{{.status.phase}}'"
    return terminal.run_quietly(command)


def run_orders(terminal: Terminal) -> dict[str, str]:
    """Three orders side by side, until each of their sagas has ended. Name -> order id."""
    terminal.chapter(
        "Three orders", "a card that is declined, a product without stock, and a card that takes two seconds"
    )
    orders = {name: place(terminal, sku, method) for name, (sku, method, _) in ORDERS.items()}
    terminal.chapter("Each order is a Saga object", "its steps run in the services, over RabbitMQ")
    wanted = " ".join(f"order-{order}" for order in orders.values())
    sagas = " ".join(f"saga/order-{order}" for order in orders.values())
    terminal.run(f"kubectl wait -n shop --for=create {sagas} --timeout=20s >/dev/null")
    terminal.run(f"kubectl get sagas -n shop {wanted}")
    terminal.run(f"kubectl wait -n shop --for=condition=Succeeded saga/order-{orders['approved']} --timeout=30s")
    ended = {"Succeeded", "Compensated"}
    terminal.until("the sagas to end", lambda: all(phase(terminal, order) in ended for order in orders.values()), 30)
    terminal.run(f"kubectl get sagas -n shop {wanted}")
    return orders


def show_compensation(terminal: Terminal, orders: dict[str, str]) -> None:
    """What happened to the declined order, and what its customer sees."""
    terminal.chapter("What became of the declined one", "the stock it had reserved went back")
    terminal.run(f"kubectl saga timeline order-{orders['declined']} -n shop")
    answer = f'curl -fsS $GATEWAY/v1/orders/{orders["declined"]} -H "Authorization: Bearer $TOKEN"'
    terminal.run(answer, show=_beginning)


def provider(terminal: Terminal, platform: Platform, path: str, show: Callable[[str], str]) -> dict[str, Any]:
    """The payment provider is no part of the shop's edge: it is asked directly, with the payments service's token."""
    file = platform.tokens_dir("payments") / "test-provider"
    shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    url = f"http://127.0.0.1:{platform.port('test-provider')}{path}"
    answer = terminal.run(f'curl -fsS "{url}" -H "Authorization: Bearer $(cat {shown})"', show=show)
    return dict(json.loads(answer))


def books_add_up(terminal: Terminal, platform: Platform, orders: dict[str, str]) -> bool:
    """Stock by inventory's count, money by the payment provider's own ledger."""
    terminal.chapter("Do stock and money add up?", "asked of those who keep the books")
    token(terminal, "STAFF", "demo-staff")
    stock = json.loads(terminal.run('curl -fsS $GATEWAY/v1/stock -H "Authorization: Bearer $STAFF"', show=_stock_table))
    entries = {
        name: provider(terminal, platform, f"/v1/entries?order={order}", _entries_table)["items"]
        for name, order in orders.items()
    }
    sums = provider(terminal, platform, "/v1/ledger?currency=EUR", str)
    states = {name: [entry["state"] for entry in items] for name, items in entries.items()}
    checks = {
        "available + held + sold = initial, for every product": all(
            line["available"] + line["held"] + line["sold"] == line["initial"] for line in stock["items"]
        ),
        "the approved order was charged, once": states["approved"].count("Captured") == 1,
        "the other two were not": not {"Captured", "Authorized"} & {*states["declined"], *states["no-stock"]},
        "authorized = captured + voided + open": sums["authorized"] == sums["captured"] + sums["voided"] + sums["open"],
    }
    for check, holds in checks.items():
        terminal.console.print(f"  {'[green]yes[/]' if holds else '[bold red]NO[/]'}  {check}")
    return all(checks.values())


def _beginning(output: str, length: int = 160) -> str:
    return output if len(output) <= length else f"{output[:length]} …"


def _stock_table(output: str) -> str:
    rows = [f"{'SKU':<8}{'AVAILABLE':>10}{'HELD':>6}{'SOLD':>6}{'INITIAL':>9}"]
    rows += [
        f"{line['sku']:<8}{line['available']:>10}{line['held']:>6}{line['sold']:>6}{line['initial']:>9}"
        for line in json.loads(output)["items"]
    ]
    return "\n".join(rows)


def _entries_table(output: str) -> str:
    rows = [
        f"{entry['amount'] / 100:>8.2f} {entry['currency']}  {entry['state']}" for entry in json.loads(output)["items"]
    ]
    return "\n".join(rows) or "  nothing booked"


def tour(platform: Platform) -> bool:
    """The whole of it; whether everything came out as it should."""
    path = f"{platform.home / 'bin'}:{Path('/usr/bin')}"
    # what prints tables must not fold them to the width of a pipe
    terminal = Terminal({"GATEWAY": platform.gateway, "KUBECONFIG": str(platform.kubeconfig), "COLUMNS": "100"})
    terminal.environment["PATH"] = f"{path}:{terminal.environment['PATH']}"
    terminal.chapter("In your own shell first")
    terminal.console.print(f"[bold green]$[/] export GATEWAY={platform.gateway} PATH=$PWD/.platform/bin:$PATH")
    terminal.chapter("A token, and what there is to buy", "through the gateway, as any client")
    token(terminal, "TOKEN", "demo")
    terminal.run('curl -fsS $GATEWAY/v1/products -H "Authorization: Bearer $TOKEN"', show=_products_table)
    orders = run_orders(terminal)
    show_compensation(terminal, orders)
    as_planned = all(phase(terminal, orders[name]) == end for name, (_, _, end) in ORDERS.items())
    right = books_add_up(terminal, platform, orders) and as_planned
    verdict = "[bold green]One order went through, two left nothing behind.[/]"
    terminal.console.print("\n" + (verdict if right else "[bold red]That is not how it should end.[/]"))
    terminal.say("Look around: kubectl saga list -n shop · make status · make logs NAME=orders-worker · make down")
    return right


def _products_table(output: str) -> str:
    rows = [f"{'SKU':<8}{'PRICE':>9}  NAME"]
    for item in json.loads(output)["items"]:
        price = item["price"]
        rows.append(f"{item['sku']:<8}{price['amount'] / 100:>9.2f}  {item['name']} ({price['currency']})")
    return "\n".join(rows)


def main() -> int:
    """Exit status 0 only if all went as it should."""
    parser = argparse.ArgumentParser(prog="python -m hack.demo", description=__doc__)
    parser.add_argument("--instance", default="main", help="which embedded platform (default: main)")
    arguments = parser.parse_args()
    up = [sys.executable, "-m", "hack.embedded", "up", "--instance", arguments.instance]
    if (status := subprocess.run(up, check=False).returncode) != 0:
        return status
    try:
        return 0 if tour(open_platform(arguments.instance)) else 1
    except (CommandFailed, TimeoutError) as error:
        print(f"the demo stopped: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
