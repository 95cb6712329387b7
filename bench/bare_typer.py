"""The smallest Typer program: what start-up is measured against."""

import typer


def main(name: str) -> None:
    """Greet somebody."""
    typer.echo(f"Hello {name}")


if __name__ == "__main__":
    typer.run(main)
