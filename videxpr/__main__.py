"""``python -m videxpr`` is the same as ``videxpr``."""

from videxpr.cli import main

if __name__ == "__main__":
    main()
