"""The working corpus: a folder with a database and content-addressed photographs."""
