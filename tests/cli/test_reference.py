"""docs/options.md says what the code says."""

from pathlib import Path

from videxpr.cli.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "options.md"


def test_the_page_of_options_is_what_the_code_says():
    text = reference()
    assert "## videxpr annotate" in text and "| `--smooth` | 0.5 | Span of the moving mean" in text
    assert PAGE.read_text(encoding="utf-8") == text, (
        "run: python -m videxpr.cli.reference > docs/options.md"
    )
