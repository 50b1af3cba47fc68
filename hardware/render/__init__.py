"""Reports as text, CSV, Markdown and a page."""
