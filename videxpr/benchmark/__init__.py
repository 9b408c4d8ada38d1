"""How fast each stage of the pipeline and the whole of it are, here, on a user's own videos."""
