"""What each annotated video shows, in shares of its frames with a face.

    videxpr annotate folder/ -f parquet -o annotations
    python examples/expression_shares.py annotations

Prints a Markdown table: for the main person of every Parquet file, the expression of most frames, that
of most frames that are not Neutral, and the shares of all that have at least 5 %, in frames in which a
face was detected.
"""

import sys
from pathlib import Path

import pandas


def row(path: Path, folder: Path) -> str:
    """One line of the table; the file is named by its path below the folder, as names repeat."""
    table = pandas.read_parquet(path, columns=["rank", "expression", "source"])
    seen = table[table["rank"].eq(0) & table["source"].eq("detected")]["expression"]
    shares = seen.value_counts(normalize=True)
    others = shares.drop("Neutral", errors="ignore")
    text = ", ".join(f"{name} {share:.0%}" for name, share in shares.items() if share >= 0.05)
    first, second = (one.index[0] if len(one) else "-" for one in (shares, others))
    name = path.relative_to(folder).with_suffix("").as_posix()
    return f"| {name} | {first} | {second} | {text or '-'} |"


if __name__ == "__main__":
    print("| video | most frames | most that are not Neutral | shares |\n| --- | --- | --- | --- |")
    folder = Path(sys.argv[1])
    for file in sorted(folder.rglob("*.parquet")):
        print(row(file, folder))
