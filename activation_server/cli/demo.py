"""What `make run` shows on an empty database: a license, and how to activate with it."""

import shlex
import sys
from pathlib import Path

from activation_server.services import licensing, products
from activation_server.services.context import Context
from activation_server.services.licensing import Order

PRODUCT = "demo"
SEATS = 3


async def prepare_demo(context: Context, address: str, data_dir: Path) -> str:
    """Issue the demo license if nothing was sold yet; give the text that tells how to use it."""
    codes = await products.codes(context)
    if not codes:
        await products.add_product(context, PRODUCT, "Demo", "EdDSA")
    elif PRODUCT not in codes:
        return ""
    demo = await licensing.first_license(context, PRODUCT)
    if demo is None:  # the first time, or a crash came between product and license
        order = Order(PRODUCT, products.STANDARD, {"seats": SEATS}, None, None, None, 1)
        [demo] = await licensing.issue(context, order, lambda _done: None)
    program = Path(sys.argv[0])
    command = shlex.join(
        [
            _short(program) if program.name != "__main__.py" else "activation-server",
            *("client", "activate", "--server", address),
            *("--key", demo.license_key, "--product", PRODUCT),
            *("--state", str(data_dir / "activation-state.json")),
        ]
    )
    return (
        f"\nServing on {address}\n"
        f"Demo license key ({SEATS} seats): {demo.license_key}\n"
        f"Activate this computer, in another terminal:\n\n  {command}\n\n"
    )


def _short(program: Path) -> str:
    """Name the program from here, where that is shorter."""
    try:
        return str(program.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(program)
