"""Settings that need no training: the use case behind ``videxpr tune``."""
