"""Run the operator commands: `python -m activation_server`, or `activation-server`."""

from activation_server.cli.app import app


def main() -> None:
    """Run the command that the arguments name."""
    app()


if __name__ == "__main__":
    main()
