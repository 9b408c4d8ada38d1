"""Where expression weights come from: the package, a registry, a path, or the Hugging Face Hub."""
