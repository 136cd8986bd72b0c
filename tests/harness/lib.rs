//! The harness of the end-to-end tests: builds the commands once, starts simulators, runs pipelines.
