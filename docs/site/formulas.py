"""Formulas as MathML, which browsers show without a script."""

import html
import re

from latex2mathml.converter import convert

_FORMULA = re.compile(
    r'<(span|div) class="arithmatex">(?:\\\((.*?)\\\)|\\\[(.*?)\\\])</\1>', re.DOTALL
)


def with_formulas(page):
    """The page with every formula that `pymdownx.arithmatex` has found written as MathML."""

    def written(match):
        kind, inline, block = match.groups()
        display = "inline" if block is None else "block"
        formula = html.unescape(inline if block is None else block).strip()
        return f'<{kind} class="formula">{convert(formula, display=display)}</{kind}>'

    return _FORMULA.sub(written, page)
