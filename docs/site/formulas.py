"""Formulas as MathML, which browsers show without a script."""

import html
import re

from latex2mathml.converter import convert

_FORMULA = re.compile(
    r'<(span|div) class="arithmatex">(?:\\\((.*?)\\\)|\\\[(.*?)\\\])</\1>', re.DOTALL
)
# Browsers leave no space beside the name of a function.
_FUNCTION = re.compile(r"<mi>(log|exp|min|max)</mi>")
_SPACED = r'<mrow><mspace width="0.17em" /><mi>\1</mi><mspace width="0.17em" /></mrow>'


def with_formulas(page):
    """The page with every formula that `pymdownx.arithmatex` has found written as MathML."""

    def written(match):
        kind, inline, block = match.groups()
        display = "inline" if block is None else "block"
        formula = html.unescape(inline if block is None else block).strip()
        mathml = _FUNCTION.sub(_SPACED, convert(formula, display=display))
        return f'<{kind} class="formula">{mathml}</{kind}>'

    return _FORMULA.sub(written, page)
