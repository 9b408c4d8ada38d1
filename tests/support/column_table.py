"""The table of columns in docs/outputs.md, made from the table that files are written by.

python tests/support/column_table.py
"""

from itertools import groupby
from pathlib import Path

from videxpr.formats.schema import FACE_COLUMNS, FRAME_COLUMNS, PAPER_COLUMNS, Column

PAGE = Path(__file__).parents[2] / "docs" / "outputs.md"
BEGIN = "<!-- columns: made by tests/support/column_table.py -->"
END = "<!-- end of columns -->"


def column_table() -> str:
    """The columns as Markdown; those alike but for the name share a row."""
    parts = []
    for title, columns in (
        ("Frame columns: equal in every row of a frame", FRAME_COLUMNS + PAPER_COLUMNS),
        ("Face columns: null in the row of a frame without a face", FACE_COLUMNS),
    ):
        rows = ["column | type | unit | range | null means | meaning", " | ".join(["---"] * 6)]
        for _, alike in groupby(columns, lambda one: {**vars(one), "name": ""}):
            rows.append(_row(list(alike)))
        parts.append(f"### {title}\n\n" + "\n".join(f"| {row} |" for row in rows))
    return "\n\n".join(parts)


def _row(alike: list[Column]) -> str:
    one = alike[0]
    names = [f"`{column.name}`" for column in alike]
    name = ", ".join(names if len(names) < 4 else [names[0], names[1], "...", names[-1]])
    cells = (name, one.type, one.unit, one.range, one.null, one.meaning)
    return " | ".join(cell or "-" for cell in cells)


def with_table(page: str) -> str:
    """The page with the table between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{column_table()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
