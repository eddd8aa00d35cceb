"""All commands and their options, as `--help` has them."""

import inspect
import re

import click

from fag_tf.cli.main import COMMANDS, cli


def commands():
    """Markdown of all commands and their options."""
    group = click.Context(cli, info_name="fag-tf")
    parts = ["| command | what it does |\n|---|---|"]
    parts += [f"| [`fag-tf {name}`](#{name}) | {line} |" for name, line in COMMANDS.items()]
    for name in COMMANDS:
        parts += _section(cli.get_command(group, name), name, group, 2)
    return "\n".join(parts) + "\n"


def _section(command, name, parent, level):
    """Lines about a command, and about those that it is the group of."""
    context = click.Context(command, info_name=name, parent=parent)
    anchor = context.command_path.removeprefix("fag-tf ").replace(" ", "-")
    yield f"\n{'#' * level} `{context.command_path}` {{ #{anchor} }}\n"
    yield _plain(inspect.cleandoc(command.help)) + "\n"
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{context.command_path} {usage}\n```\n"
    records = [each.get_help_record(context) for each in command.params]
    options = [record for record in records if record and record[0].startswith("-")]
    if options:
        yield "| option | effect |\n|---|---|"
        yield from (f"| {_names(names)} | {_plain(effect)} |" for names, effect in options)
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            yield from _section(command.get_command(context, each), each, context, level + 1)


def _names(text):
    """`-n, --number K` as code, where each name may be broken from the next."""
    return ", ".join(f"`{part}`" for part in text.split(", "))


def _plain(text):
    """Help is plain text: nothing in it is markup, and lines of a paragraph are one."""
    text = re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", text)
    # Options and values, which Markdown's typography would change.
    return re.sub(r"(?<![\w-])(--?[a-z][a-z-]*)", r"`\1`", text)
