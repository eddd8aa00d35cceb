"""`fag-tf info`: a model's card, readable."""

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from fag_tf.deployment.tensor_entries import Component

__all__ = ["command"]

_LONGEST = 200


@click.command("info")
@click.argument("model", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the card as JSON, as in model.json.")
def command(model: str | None, as_json: bool) -> None:
    """Show the card of MODEL, a directory NAME or NAME/VERSION.

    Without MODEL the shipped planar_grasp is used.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.tree import Tree

    from fag_tf.deployment.model_card import CARD_FILE
    from fag_tf.deployment.model_card_files import read_card
    from fag_tf.deployment.model_folders import find_model

    directory = find_model(model)
    card = read_card(directory / CARD_FILE)
    if as_json:
        click.echo((directory / CARD_FILE).read_text(encoding="utf-8"), nl=False)
        return
    console = Console(highlight=False, markup=False, emoji=False)
    console.print(f"{card.name}, version {directory.name}: {card.description}".rstrip(": "))
    console.print(f"environment {card.environment}")
    for title, entries in (("inputs", card.inputs), ("outputs", card.outputs)):
        table = Table(
            title=title,
            title_justify="left",
            title_style="bold",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
        )
        for column in ("tensor", "component", "unit", "range", "default"):
            table.add_column(column, no_wrap=column not in ("unit", "range"), overflow="fold")
        for name, entry in entries.items():
            shape = f"{name} [{','.join(map(str, entry.shape))}]"
            for index, part in enumerate(entry.components):
                default = "" if part.default is None else _text(part.default)
                table.add_row("" if index else shape, part.name, part.unit, _range(part), default)
        console.print(table)
        for name, entry in entries.items():
            if entry.description:
                console.print(f"{name}: {entry.description}")
    rest = {"latent": card.latent, **card.details}
    rest["training"] = "its configuration is printed by --json"  # a hundred lines
    figures = _means(card.figures)
    for title, values in (rest | {"figures": figures, "versions": card.versions}).items():
        if isinstance(values, dict | list) and values:
            tree = Tree(title)
            _grow(tree, values)
            console.print(tree)
        elif values:
            console.print(f"{title}: {_text(values)}")


def _means(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures without those of every object, which --json shows."""
    evaluation = figures.get("evaluation")
    if not isinstance(evaluation, dict):
        return figures
    short = {name: value for name, value in evaluation.items() if name not in ("rows", "worst")}
    rest = {name: value for name, value in figures.items() if name != "evaluation"}
    return rest | {"evaluation (of each object: --json)": short}


def _range(part: "Component") -> str:
    if part.low is None or part.high is None:
        return "any"
    period = "" if part.period is None else f", period {_text(part.period)}"
    return f"{_text(part.low)} to {_text(part.high)}{period}"


def _grow(tree: Any, values: Any) -> None:
    """Hang nested values into a tree; lists of plain values stay on one line."""
    items = values.items() if isinstance(values, dict) else enumerate(values)
    for key, value in items:
        nested = isinstance(value, dict) or (
            isinstance(value, list) and any(isinstance(part, dict) for part in value)
        )
        if nested and value:
            _grow(tree.add(str(key)), value)
        else:
            tree.add(f"{key}: {_text(value)}")


def _text(value: Any) -> str:
    if isinstance(value, list):
        parts = (f"({_text(part)})" if isinstance(part, list) else _text(part) for part in value)
        return ", ".join(parts)
    return f"{value:.6g}" if isinstance(value, float) else _cut(str(value))


def _cut(text: str) -> str:
    """As much of a long text, such as an outline, as helps to know it again."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"
