"""Drawing what reads what: as text, Mermaid, SVG, and a page to click through."""
