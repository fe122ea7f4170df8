"""Small HTML building blocks; everything that goes through them is escaped."""

import html
from collections.abc import Iterable, Sequence

from harness.report.view.status import Status


class Markup(str):
    """Text that is already HTML."""

    __slots__ = ()


def esc(text: object) -> Markup:
    """`text` as HTML; Markup as it is; control characters and direction marks shown as a replacement character.

    >>> esc("<b> & 'x'")
    '&lt;b&gt; &amp; &#x27;x&#x27;'
    """
    if isinstance(text, Markup):
        return text
    plain = "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in str(text))
    return Markup(html.escape(plain, quote=True))


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """An element; `class_` and `data_x` become class and data-x, None leaves an attribute out.

    >>> tag("p", "a < b", class_="x", hidden=None)
    '<p class="x">a &lt; b</p>'
    """
    shown = "".join(f' {_name(key)}="{esc(value)}"' for key, value in attributes.items() if value is not None)
    return Markup(f"<{name}{shown}>{''.join(esc(child) for child in children)}</{name}>")


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def join(parts: Iterable[object], between: str = "") -> Markup:
    """Several pieces of markup as one."""
    return Markup(between.join(esc(part) for part in parts))


def section(id_: str, title: str, *body: object, lead: str = "") -> Markup:
    """A section with an id to link to and its heading."""
    heading = tag("h2", tag("a", title, href=f"#{id_}", class_="anchor"), id=f"{id_}-title")
    intro = tag("p", lead, class_="lead") if lead else ""
    return tag("section", heading, intro, *body, id=id_, aria_labelledby=f"{id_}-title")


def status(value: Status, word: str = "") -> Markup:
    """A status: its character and its word; with `word` shown in its place, the own word is still read out."""
    mark = tag("span", value.mark, aria_hidden="true")
    read = tag("span", f" {value.value}", class_="sr") if word else ""
    return tag("span", mark, " ", word or value.value, read, class_=f"status {value.value}")


def table(head: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]], *, label: str, class_: str = "") -> Markup:
    """A table that scrolls inside its own container; a head is text and class ("num" aligns right).

    With the class `stack` its rows become blocks on a narrow screen, each cell led by the head of its column.
    """
    cells = [tag("th", text, scope="col", class_=kind or None) for text, kind in head]
    body = [
        tag(
            "tr",
            *(
                tag("td", cell, class_=kind or None, data_head=text or None)
                for cell, (text, kind) in zip(row, head, strict=True)
            ),
        )
        for row in rows
    ]
    inner = tag("table", tag("thead", tag("tr", *cells)), tag("tbody", *body), class_=class_ or None)
    return tag("div", inner, class_="scroll", role="region", aria_label=label, tabindex="0")


def pairs(rows: Iterable[tuple[object, object]]) -> Markup:
    """Labels and values."""
    return tag("dl", *(tag("div", tag("dt", label), tag("dd", value)) for label, value in rows), class_="pairs")


def copyable(text: str, label: str) -> Markup:
    """A block to paste, with a button that copies it (shown where JavaScript runs)."""
    button = tag("button", "Copy", type="button", class_="copy", aria_label=f"Copy {label}")
    return tag("div", tag("pre", tag("code", text)), button, class_="copyable")
