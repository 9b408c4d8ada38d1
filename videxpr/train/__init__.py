"""Training: the use cases behind ``videxpr train``, run by Lightning."""
