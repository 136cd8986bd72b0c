//! Records in, work, records out: sources, engine, batching, sinks, failures.
