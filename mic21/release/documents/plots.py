"""Bar charts as SVG, drawn by a few lines of our own, so that the same numbers give the same bytes everywhere."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

_WIDTH, _LEFT, _RIGHT = 800, 220, 90
_BAR, _STEP, _TOP = 16, 22, 58
_INK, _GREY = "#1d2733", "#66727f"
_COLOURS = ("#2f6f9f", "#e0a030", "#7a9e4f", "#b0574f", "#8a7fb0")
_FONT = "font-family=\"'Noto Sans','DejaVu Sans',Helvetica,Arial,sans-serif\""

Bar = tuple[str, Sequence[int]]  # label, the lengths of its segments


def bar_chart(title: str, subtitle: str, bars: Sequence[Bar], *, legend: Sequence[str] = (), most: int = 40) -> str:
    """A horizontal bar chart.

    Args:
        title: stands above it.
        subtitle: what a bar's length counts.
        bars: label and segments of each, in their order.
        legend: names of the segments, where a bar has several.
        most: so many bars are drawn; a line says how many are not.

    >>> bar_chart("Images", "by split", [("train", [8])]).count("<rect")
    2
    """
    shown = bars[:most]
    longest = max([1, *(sum(parts) for _, parts in shown)])
    top = _TOP + (24 if legend else 0)
    hidden = len(bars) - len(shown)
    height = top + _STEP * max(len(shown), 1) + (28 if hidden else 12)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" '
        f'role="img" aria-label="{escape(title)}" {_FONT} font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(16, 26, title, size=17, weight="bold"),
        _text(16, 45, subtitle, colour=_GREY),
    ]
    lines += _legend(legend)
    for number, (label, parts) in enumerate(shown):
        lines += _bar(top + number * _STEP, label, parts, longest)
    if not shown:
        lines.append(_text(16, top + 14, "None.", colour=_GREY))
    if hidden:
        lines.append(_text(16, height - 12, f"and {hidden} more, see statistics.json", colour=_GREY))
    return "\n".join([*lines, "</svg>"]) + "\n"


def _legend(names: Sequence[str]) -> list[str]:
    lines = []
    x = 16.0
    for name, colour in zip(names, _COLOURS, strict=False):
        lines.append(f'<rect x="{x:.0f}" y="56" width="12" height="12" fill="{colour}"/>')
        lines.append(_text(x + 17, 66, name))
        x += 40 + 7 * len(name)
    return lines


def _bar(y: int, label: str, parts: Sequence[int], longest: int) -> list[str]:
    shown = label if len(label) <= 30 else label[:29] + "…"
    lines = [_text(_LEFT - 8, y + 12, shown, anchor="end")]
    x = float(_LEFT)
    for value, colour in zip(parts, _COLOURS, strict=False):
        width = value / longest * (_WIDTH - _LEFT - _RIGHT)
        if value:
            lines.append(f'<rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{_BAR}" fill="{colour}"/>')
        x += width
    lines.append(_text(x + 6, y + 12, f"{sum(parts):,}", colour=_GREY))
    return lines


def _text(
    x: float, y: float, text: str, *, size: int = 12, weight: str = "normal", colour: str = _INK, anchor: str = "start"
) -> str:
    style = f'font-size="{size}" font-weight="{weight}" fill="{colour}" text-anchor="{anchor}"'
    return f'<text x="{x:g}" y="{y:g}" {style}>{escape(text)}</text>'
