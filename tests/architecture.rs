//! Imports run one way. The table of layers in `docs/design.md`, read from the sources.
